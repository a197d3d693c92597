"""Time a cascade beside the detector alone and transformers' pipeline: writes results/<version>.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import polars as pl
import torch

from tain.core.files import write_json
from tain.core.version import VERSION
from tain.detector import Detector
from tain.detector.cascade import Cascade
from tain.detector.cascade_folder import read_cascade
from tain.recipes.cascade import make_cascade
from tain.recipes.export import export
from tain.training.hardware import has_native_bf16

HERE = Path(__file__).parent
POOL = "wikipedia2014"
OURS = "cascade"
Way = Callable[[Sequence[str]], object]


def main() -> None:
    """Measure everything and write the result."""
    options = _options()
    file = options.data / "pools" / f"{POOL}.parquet"
    if not file.is_file():
        print(f"Skipped: {file} is absent.")
        return
    torch.set_num_threads(1)
    texts = pl.read_parquet(file).sample(options.documents, seed=1)["text"].to_list()
    with tempfile.TemporaryDirectory() as folder:
        make_cascade((), model=None, output=Path(folder) / "cascade", is_quiet=True)
        detector = Detector.load()
        detector.reader.engines.full()
        cascade = Cascade(detector, *read_cascade(Path(folder) / "cascade"))
        ours = {OURS: cascade.score} | _in_bfloat16(Path(folder) / "cascade")
        speeds = _timed(texts, ours | _others(detector, Path(folder)), options)
    medians = {name: round(median(own), 2) for name, own in speeds.items()}
    answer = {
        "version": VERSION,
        "pool": POOL,
        "machine": {
            "processor": platform.machine(),
            "n_cores": os.cpu_count(),
            "threads": 1,
            "clock": "processor time",
            "load": round(os.getloadavg()[0], 1),
        },
        "documents_per_s": medians,
        "ratio": {
            way: {name: round(medians[way] / own, 1) for name, own in medians.items() if name not in ours}
            for way in ours
        },
        "flags": _flags(cascade, texts, n_checked=options.checked),
    }
    write_json(HERE / "results" / f"{VERSION}.json", answer)
    print(json.dumps(answer, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data")
    parser.add_argument("--documents", type=int, default=1200)
    parser.add_argument("--timed", type=int, default=24)
    parser.add_argument("--checked", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def _in_bfloat16(folder: Path) -> dict[str, Way]:
    if not has_native_bf16():
        return {}
    detector = Detector.load()
    detector.reader.engines.read_in_bfloat16()
    return {f"{OURS}, bfloat16": Cascade(detector, *read_cascade(folder)).score}


def _others(detector: Detector, folder: Path) -> dict[str, Way]:
    from transformers import pipeline

    export(None, format="transformers", output=folder / "network")
    pipe = pipeline("text-classification", model=str(folder / "network"), device=-1, dtype="float32")
    peers = {
        f"pipeline, {size} tokens": lambda texts, size=size: pipe(
            list(texts), batch_size=8, truncation=True, max_length=size
        )
        for size in (256, 512)
    }
    return {"detector alone": detector.score, **peers}


def _timed(texts: Sequence[str], ways: dict[str, Way], options: argparse.Namespace) -> dict[str, list[float]]:
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way(texts[:2])
    for repeat in range(options.repeats):
        for name in np.random.default_rng(repeat).permutation(list(ways)):
            # The cascade gets a larger chunk: what it forwards is rare, and a small one would hold none or one.
            size = len(texts) // options.repeats if name.startswith(OURS) else options.timed
            chunk = texts[repeat * len(texts) // options.repeats :][:size]
            start = time.process_time()
            ways[name](chunk)
            speeds[name].append(len(chunk) / (time.process_time() - start))
    return speeds


def _flags(cascade: Cascade, texts: Sequence[str], *, n_checked: int) -> dict[str, Any]:
    first, _ = cascade.first(texts)
    above = cascade.record.forward_above
    settled = np.flatnonzero(first < above)
    nearest = settled[np.argsort(-first[settled])][:n_checked]
    lost = [verdict.label == "ai" for verdict in cascade.detector.score([texts[i] for i in nearest])]
    forwarded = np.flatnonzero(first >= above)
    flagged = [verdict.label == "ai" for verdict in cascade.detector.score([texts[i] for i in forwarded])]
    return {
        "forward_above": round(above, 3),
        "n_documents": len(texts),
        "n_read_by_the_network": len(forwarded),
        "n_flagged": int(np.sum(flagged)),
        "loss_bound": cascade.record.loss_upper,
        "n_settled_checked": len(nearest),
        "n_lost_among_them": int(np.sum(lost)),
    }


if __name__ == "__main__":
    main()
