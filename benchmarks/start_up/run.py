"""Time the commands a person waits for: benchmarks/start_up/run.py writes results/<version>.json."""

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tain

HERE = Path(__file__).parent
N_RUNS = 5
IMPORTS = (
    "typer",
    "numpy",
    "pyarrow",
    "polars",
    "scipy.stats",
    "sklearn.linear_model",
    "torch",
    "transformers",
    "peft",
    "accelerate",
)
PAGE = "The committee met on Tuesday to hear what the wardens had found along the northern path. " * 25


def measure(command: list[str]) -> dict[str, float]:
    """Best wall and processor time of a command, in seconds.

    Args:
        command: Must end with status 0.
    """
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    times = []
    for _ in range(N_RUNS + 1):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=environment)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append((wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    walls, processors = zip(*times[1:], strict=True)
    return {"wall_s": round(min(walls), 3), "processor_s": round(min(processors), 3)}


def main() -> None:
    """Measure everything and write the result."""
    command = str(Path(sys.executable).with_name("tain"))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.txt"
        page.write_text(PAGE, encoding="utf-8")
        results = {
            "tain --help": measure([command, "--help"]),
            "tain train --help": measure([command, "train", "--help"]),
            "tain doctor": measure([command, "doctor"]),
            "tain check page.txt": measure([command, "check", str(page)]),
        }
    results |= {f"import {name}": measure([sys.executable, "-c", f"import {name}"]) for name in IMPORTS}
    machine = {"processor": platform.machine(), "n_cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    answer = {"version": tain.__version__, "python": platform.python_version(), "machine": machine, "times": results}
    target = HERE / "results" / f"{tain.__version__}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(answer, indent=1) + "\n", encoding="utf-8")
    for name, times in results.items():
        print(f"{name:<28} {times['wall_s']:6.2f} s wall {times['processor_s']:6.2f} s processor")


if __name__ == "__main__":
    main()
