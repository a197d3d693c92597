"""Time tain's training beside Trainer and peft, in turn: writes results/<version>.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl
import torch
from tokenizers import Tokenizer

from tain.core.files import write_json
from tain.core.version import VERSION
from tain.models import find_base

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks.shapes import SHAPES, find_shape

HERE = Path(__file__).parent
MAX_TOKENS = 256
OURS = "tain"
OPERATIONS = 4  # on a frozen weight for each token, two forward and two back; attention and adapters are not counted
CORPORA = ("biscope", "l2r", "outfox")


class Worker:
    """A side in its own process."""

    def __init__(self, name: str, data: Path, n_threads: int, base: str) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": str(n_threads), "HF_HUB_OFFLINE": "1"}
        command = [sys.executable, "-W", "ignore", str(HERE / "worker.py"), name, str(data), str(n_threads), base]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, **request: Any) -> dict[str, float]:  # noqa: ANN401 (any JSON value)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer: dict[str, float] = json.loads(self.process.stdout.readline())
        return answer

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def main() -> None:
    """Measure everything and write the result."""
    options = _options()
    if not all((options.data / "train" / f"{name}.parquet").is_file() for name in CORPORA):
        print(f"Skipped: {options.data}/train lacks one of {', '.join(CORPORA)}.")
        return
    peers = [f"trainer {size}" for size in options.batch_sizes]
    ours = [OURS, "tain varlen"] if torch.cuda.is_available() else [OURS]
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "rows.json"
        data.write_text(json.dumps(_rows(options.data)))
        base = find_shape(options.shape, Path(folder))
        workers = {name: Worker(name, data, options.threads, base) for name in (*ours, *peers)}
        limit = workers[OURS].ask(product=True)
        rounds = [
            {name: side.ask(steps=options.steps) for name, side in workers.items()} for _ in range(options.rounds)
        ]
        peaks = {name: round(rounds[-1][name]["peak_mb"]) for name in workers}
        imports = {name: round(rounds[-1][name]["imports_mb"]) for name in workers}
        learnt = {
            name: [round(workers[name].ask(seed=seed, budget=options.budget)["auroc"], 4) for seed in options.seeds]
            for name in workers
        }
        for side in workers.values():
            side.end()
    speeds = {name: [own[name]["tokens_per_s"] for own in rounds] for name in workers}
    medians = {name: round(median(own)) for name, own in speeds.items()}
    best = max(peers, key=medians.__getitem__)
    ratios = sorted(a / b for a, b in zip(speeds[OURS], speeds[best], strict=True))
    answer = {
        "version": VERSION,
        "shape": options.shape,
        "machine": {
            "processor": platform.machine(),
            "n_cores": os.cpu_count(),
            "threads": options.threads,
            "clock": "processor time" if options.threads == 1 else "wall time",
            "load": round(os.getloadavg()[0], 1),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
            "product_tflops": round(limit["flops"] / 1e12, 3),
        },
        "tokens_per_s": medians,
        "share_of_product": {
            name: round(OPERATIONS * limit["weights"] * own / limit["flops"], 3) for name, own in medians.items()
        },
        "best_peer": best,
        "ratio": {"median": round(median(ratios), 2), "low": round(ratios[0], 2), "high": round(ratios[-1], 2)},
        "peak_memory_mb": peaks,
        "of_which_imports_mb": imports,
        "memory_ratio": round(peaks[OURS] / peaks[best], 2),
        "auroc_by_seed": learnt if options.seeds else None,
    }
    write_json(options.output, answer)
    print(json.dumps(answer, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--seeds", type=int, nargs="*", default=[])
    parser.add_argument("--shape", default="minilm", choices=["minilm", *SHAPES])
    parser.add_argument("--output", type=Path, default=HERE / "results" / f"{VERSION}.json")
    parser.add_argument("--budget", type=int, default=300_000)
    return parser.parse_args()


def _rows(data: Path) -> dict[str, list[tuple[list[int], int]]]:
    tokenizer = Tokenizer.from_file(str(Path(find_base("minilm")) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    frames = [pl.read_parquet(data / "train" / f"{name}.parquet", columns=["text", "label"]) for name in CORPORA]
    halves = [pl.concat(frames).filter(pl.col("label") == label).sample(600, seed=0) for label in ("human", "ai")]
    drawn = pl.concat(halves).sample(fraction=1.0, shuffle=True, seed=0)
    ids = [encoding.ids for encoding in tokenizer.encode_batch(drawn["text"].to_list())]
    rows = list(zip(ids, (drawn["label"] == "ai").cast(pl.Int64).to_list(), strict=True))
    return {"train": rows[:900], "valid": rows[900:]}


if __name__ == "__main__":
    main()
