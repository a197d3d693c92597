"""Load `tain serve` from another process on loopback: benchmarks/serving/run.py writes results/<version>.json.

--only throughput small memory overload leaving: some of the measurements; the file keeps what it had of the others.
--minutes 20: how long the memory is watched; the default only tries it out.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import psutil
from benchmarks.serving import speed, strain
from tests.served_process import serving

import tain

HERE = Path(__file__).parent
PARTS = ("throughput", "small", "overload", "leaving", "memory")


def measure(part: str, told: argparse.Namespace, jobs: Path) -> dict:
    """One measurement on a server of its own, with the load of the machine before and after."""
    # On a busy machine the answer is late, and that is not what is asked here.
    few = [
        "--timeout",
        600,
        "--batch-tokens",
        told.batch_tokens,
        *(["--max-requests", 8] if part == "overload" else []),
    ]
    before = [round(each, 1) for each in os.getloadavg()]
    with serving("--jobs-dir", jobs, "--engine", told.engine, *few) as server:
        process = psutil.Process(server.process.pid)
        answer = {
            "throughput": lambda: speed.throughput(
                server.address,
                process,
                told.engine,
                told.batch_tokens,
                n_texts=told.texts,
                n_words=600,
                n_rounds=told.rounds,
                n_clients=32,
            ),
            "small": lambda: speed.small_behind_big(
                server.address, n_small=told.small, n_big_clients=24, n_words_big=12_000
            ),
            "overload": lambda: strain.overload(server.address, n_clients=64),
            "leaving": lambda: strain.leaving(server.address, process, n_clients=200),
            "memory": lambda: strain.memory(server.address, process, minutes=told.minutes),
        }[part]()
        answer["defects"] = len([line for line in server.lines() if line["event"] in ("defect", "batch_failed")])
        answer["status_after_sigterm"] = server.stop()
    after = [round(each, 1) for each in os.getloadavg()]
    return answer | {
        "load_before": before,
        "load_after": after,
        "batch_tokens": told.batch_tokens,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def main() -> None:
    """Measure, and write each result as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--engine", choices=("auto", "torch"), default="auto")
    parser.add_argument("--batch-tokens", type=int, default=4096)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--texts", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", type=int, default=100)
    parser.add_argument("--output", type=Path, default=HERE / "results" / f"{tain.__version__}.json")
    told = parser.parse_args()
    machine = {"processor": platform.machine(), "n_cores": os.cpu_count(), "engine": told.engine}
    for part in told.only:
        with tempfile.TemporaryDirectory() as folder:
            answer = measure(part, told, Path(folder))
        print(part, json.dumps(answer), flush=True)
        known = json.loads(told.output.read_text()) if told.output.exists() else {}
        known |= {"version": tain.__version__, "python": platform.python_version(), "machine": machine, part: answer}
        told.output.parent.mkdir(exist_ok=True)
        told.output.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
