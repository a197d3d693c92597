"""Score a large file and watch the memory it takes: writes results/<version>.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil

from tain.core.files import write_json
from tain.core.version import VERSION
from tain.recipes.cascade import make_cascade

HERE = Path(__file__).parent
POOLS = ("wikipedia2014", "blogs2004", "newsgroups20", "novels100")
EVERY_S = 0.1
RUN = "import sys; from tain.cli.app import run; sys.exit(run(sys.argv[1:]))"


def main() -> None:
    """Measure a tenth of the documents, then all, and write the result."""
    options = _options()
    if not all((options.data / "pools" / f"{name}.parquet").is_file() for name in POOLS):
        print(f"Skipped: {options.data}/pools lacks one of {', '.join(POOLS)}.")
        return
    with tempfile.TemporaryDirectory() as folder:
        cascade = None
        if options.cascade:
            cascade = Path(folder) / "cascade"
            make_cascade((), model=None, output=cascade, is_quiet=True)
        found = {
            name: watched(Path(folder), options.data, n, cascade)
            for name, n in (("tenth", options.documents // 10), ("all", options.documents))
        }
    answer = {
        "version": VERSION,
        "machine": {
            "processor": platform.machine(),
            "n_cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
        },
        "with_cascade": options.cascade,
        **found,
        "peak_ratio": round(found["all"]["peak_mb"] / found["tenth"]["peak_mb"], 3),
    }
    write_json(HERE / "results" / f"{VERSION}.json", answer)
    print(json.dumps(answer, indent=1))


def watched(folder: Path, data: Path, n_documents: int, cascade: Path | None) -> dict[str, Any]:
    """Seconds and resident memory of one run of `tain score`."""
    corpus = write_documents(folder / f"{n_documents}.jsonl", data, n_documents)
    command = ["score", str(corpus), "--output", str(corpus.with_suffix(".parquet")), "--quiet"]
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *command, *(["--cascade", str(cascade)] if cascade else [])],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    samples = []
    while process.poll() is None:
        samples.append(resident_mb(process.pid))
        time.sleep(EVERY_S)
    if process.returncode:
        raise SystemExit(process.stderr.read() if process.stderr else "tain score failed")
    seconds = time.perf_counter() - started
    n_scored = pl.scan_parquet(corpus.with_suffix(".parquet")).select(pl.len()).collect().item()
    return {
        "documents": n_scored,
        "file_mb": round(corpus.stat().st_size / 2**20),
        "seconds": round(seconds, 1),
        "documents_per_s": round(n_scored / seconds, 1),
        "peak_mb": round(max(samples)),
        "median_mb_by_tenth": [round(float(np.median(part))) for part in np.array_split(np.array(samples), 10)],
    }


def write_documents(file: Path, data: Path, n: int) -> Path:
    """So many different texts, a line each."""
    rng = np.random.default_rng(0)
    texts = [text for name in POOLS for text in pl.read_parquet(data / "pools" / f"{name}.parquet")["text"]]
    with file.open("w") as lines:
        for number in range(n):
            words = texts[rng.integers(len(texts))].replace("\0", " ").split()
            n_words = int(rng.integers(60, 301))
            start = int(rng.integers(max(1, len(words) - n_words)))
            text = f"{number}. " + " ".join(words[start : start + n_words])
            lines.write(json.dumps({"id": str(number), "text": text}) + "\n")
    return file


def resident_mb(pid: int) -> float:
    """Of a process and its children."""
    try:
        process = psutil.Process(pid)
        return sum(one.memory_info().rss for one in (process, *process.children(recursive=True))) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--cascade", action=argparse.BooleanOptionalAction, default=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
