"""Time tain's scoring beside transformers' pipeline: writes results/<version>.json and a plot."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

os.environ["TOKENIZERS_PARALLELISM"] = "false"
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import polars as pl
import torch
from benchmarks.scoring.contenders import OURS, OURS_HALF, Score, contenders, workloads

from tain.core.files import write_json
from tain.core.version import VERSION
from tain.detector import Detector

HERE = Path(__file__).parent
FILES = ("pools/wikipedia2014", "dev/detectrl", "pools/persuade_essays")
SHAPES = ((384, 1152), (384, 384), (384, 1536), (1536, 384))  # of a block: width in, width out
FLOP_PER_TOKEN = 2 * 6 * sum(n * m for n, m in SHAPES)


def main() -> None:
    """Measure everything and write the result."""
    options = _options()
    clock = time.process_time if options.threads == 1 else time.perf_counter
    torch.set_num_threads(options.threads)
    if not all((options.data / f"{name}.parquet").is_file() for name in FILES):
        print(f"Skipped: {options.data} lacks one of {', '.join(FILES)}.")
        return
    detector = Detector.load()
    texts = _texts(options.data)
    with tempfile.TemporaryDirectory() as folder:
        ways = contenders(detector, Path(folder), n_threads=options.threads)
        results = {
            name: _measure(ways, own, n_tokens, clock, options.repeats)
            for name, own, n_tokens in workloads(texts, detector, n_tokens=options.tokens)
        }
    gflops = _gflops(clock)
    for own in results.values():
        reached = {name: speed * FLOP_PER_TOKEN / 1e9 / gflops for name, speed in own["tokens_per_s"].items()}
        own["share_of_matrix_product"] = {name: round(share, 2) for name, share in reached.items()}
    answer: dict[str, Any] = {
        "version": VERSION,
        "machine": _machine(options.threads),
        "matrix_product_gflops": gflops,
        "workloads": results,
        "whole_detector_ms_per_text": _whole(detector, texts[:60], clock),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    write_json(HERE / "results" / f"{VERSION}.json", answer)
    _plot(answer)
    print(json.dumps(answer, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=HERE.parents[2] / "shared" / "data")
    parser.add_argument("--tokens", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def _texts(data: Path) -> list[str]:
    drawn = [pl.read_parquet(data / f"{name}.parquet").sample(200, seed=0)["text"].to_list() for name in FILES]
    return [text for one_of_each in zip(*drawn, strict=True) for text in one_of_each]


def _measure(
    ways: dict[str, Score], texts: list[str], n_tokens: int, clock: Callable[[], float], n_repeats: int
) -> dict[str, Any]:
    for way in ways.values():
        way(texts[:4])
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    scores: dict[str, Any] = {}
    for repeat in range(n_repeats):
        for name in np.random.default_rng(repeat).permutation(list(ways)):
            start = clock()
            scores[name] = ways[name](texts)
            speeds[name].append(n_tokens / (clock() - start))
    medians = {name: round(median(own)) for name, own in speeds.items()}
    peer = max((name for name in ways if name.startswith("pipeline")), key=medians.__getitem__)
    found: dict[str, Any] = {"n_texts": len(texts), "n_tokens": n_tokens, "tokens_per_s": medians, "best_peer": peer}
    for name in (OURS, OURS_HALF):
        if name in ways:
            ratios = sorted(a / b for a, b in zip(speeds[name], speeds[peer], strict=True))
            found[name] = _ratio(ratios) | _difference(scores[name], scores[peer])
    return found


def _ratio(ratios: list[float]) -> dict[str, Any]:
    return {"ratio": {"median": round(median(ratios), 2), "low": round(ratios[0], 2), "high": round(ratios[-1], 2)}}


def _difference(ours: Any, peer: Any) -> dict[str, float]:  # noqa: ANN401 (arrays)
    threshold = np.quantile(peer, 0.99)
    gaps = np.abs(ours - peer)
    return {
        "labels_agree": float(np.mean((ours > threshold) == (peer > threshold))),
        "largest_score_difference": float(gaps.max()),
        "mean_score_difference": float(gaps.mean()),
    }


def _gflops(clock: Callable[[], float], n_rows: int = 2048) -> float:
    times = []
    for _ in range(5):
        total = 0.0
        for width, out in SHAPES:
            x, w = torch.randn(n_rows, width), torch.randn(out, width)
            start = clock()
            torch.nn.functional.linear(x, w)
            total += clock() - start
        times.append(total)
    return round(FLOP_PER_TOKEN / 6 * n_rows / median(times) / 1e9, 1)


def _whole(detector: Detector, texts: list[str], clock: Callable[[], float]) -> dict[str, float]:
    reader = detector.reader
    start = clock()
    cuts = reader.cut(texts)
    cut = clock()
    reader.join(cuts, np.zeros(sum(len(each.windows) for each in cuts), dtype=np.float32))
    joined = clock()
    ms = 1000 / len(texts)
    return {"normaliser_and_windows": round((cut - start) * ms, 2), "n_grams": round((joined - cut) * ms, 2)}


def _machine(n_threads: int) -> dict[str, Any]:
    model = next((line.split(":")[1].strip() for line in _cpu_lines() if line.startswith("model name")), "unknown")
    return {
        "processor": f"{platform.machine()}, {model}",
        "capability": torch.backends.cpu.get_cpu_capability(),
        "n_cores": os.cpu_count(),
        "threads": n_threads,
        "clock": "processor time" if n_threads == 1 else "wall time",
        "load": round(os.getloadavg()[0], 1),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _cpu_lines() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text(encoding="ascii", errors="replace").splitlines() if file.is_file() else []


def _plot(answer: dict[str, Any]) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3.5), layout="constrained")
    loads = answer["workloads"]
    ways = list(next(iter(loads.values()))["tokens_per_s"])
    width = 0.8 / len(ways)
    for index, way in enumerate(ways):
        places = np.arange(len(loads)) + (index - len(ways) / 2) * width
        axes.bar(places, [own["tokens_per_s"][way] for own in loads.values()], width, label=way)
    axes.set_xticks(np.arange(len(loads)), list(loads))
    axes.set_ylabel(f"tokens per second of {answer['machine']['clock']}")
    axes.legend(fontsize=7)
    figure.savefig(HERE / "results" / f"{VERSION}.svg")


if __name__ == "__main__":
    main()
