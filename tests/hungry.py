"""A program that takes more than it may; what it does is its first argument."""

import json
import os
import sys
import tempfile
import time


def main():
    match sys.argv[1]:
        case "memory":
            held = b"x" * (1 << 33)
            sys.stdout.write(str(len(held)))
        case "processor":
            while True:
                pass
        case "clock":
            time.sleep(60)
        case "disk":
            with tempfile.TemporaryFile() as file:
                for _ in range(100):
                    file.write(b"x" * 1_000_000)
            sys.stdout.write("{}")
        case "answer":
            sys.stdout.write(json.dumps({"text": "x" * 2_000_000}))
        case "crash":
            os.abort()
        case "environment":
            sys.stdout.write(json.dumps({"names": sorted(os.environ), "stdin": sys.stdin.read()}))


if __name__ == "__main__":
    main()
