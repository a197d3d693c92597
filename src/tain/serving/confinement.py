"""What `confined` starts: takes limits on, then becomes the module that is to run. Imports nothing heavy before.

python -m tain.serving.confinement MEMORY_BYTES SECONDS FILE_BYTES MODULE ARGUMENT...
"""

from __future__ import annotations

import resource
import runpy
import sys


def main() -> None:
    """Confine this process for good, and run."""
    memory_bytes, seconds, file_bytes = map(int, sys.argv[1:4])
    for limit, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    sys.argv = sys.argv[4:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
