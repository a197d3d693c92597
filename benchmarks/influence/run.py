"""Time per-text gradients in batches against the plain loop, then the estimators: writes results/<version>.json."""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

import tain
from tain.analysis.gradients.store import StoredBlock, build_store
from tain.analysis.gradients.taking import GradientTaker
from tain.analysis.influence.blocks import Block
from tain.analysis.influence.estimator import influence
from tain.analysis.influence.registry import build_estimator
from tain.core.example import DETECTION
from tain.methods import build_method
from tain.methods.method import trainable
from tain.models import collate, load_backbone

HERE = Path(__file__).parent
FORMS = {
    **{f"value, rank {rank}": {"kind": "lora", "rank": rank, "targets": ("value",)} for rank in (1, 4, 8)},
    "all linear, rank 8": {"kind": "lora", "rank": 8},
}
WAYS = ("layers", "network", "texts")
ESTIMATORS = ("hessian_free", "scaled_hessian_free", "datainf", "lissa", "exact")
BATCH_TOKENS = 1024
PAGE = "the committee met to hear what the wardens had found along the northern path and nobody asked who had paid"


def made_up_rows(tokenizer: PreTrainedTokenizerBase, n: int) -> list[list[int]]:
    """Token ids of texts of unequal lengths, the shortest first."""
    rng, words = np.random.default_rng(0), PAGE.split()
    texts = [" ".join(rng.choice(words, size=int(rng.integers(16, 129)))) for _ in range(n)]
    return sorted(tokenizer(texts)["input_ids"], key=len)


def batches(rows: list[list[int]]) -> list[list[int]]:
    """Places of the texts that go through the network together."""
    found, start = [], 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or (end - start + 1) * len(rows[end]) > BATCH_TOKENS:
            found.append(list(range(start, end)))
            start = end
    return found


def taken(
    taker: GradientTaker, rows: list[list[int]], pad_id: int
) -> Iterator[tuple[NDArray[np.int64], list[NDArray[np.float32]]]]:
    """Places and gradients, batch by batch."""
    for places in batches(rows):
        targets = torch.tensor([place % 2 for place in places])
        found = taker.take(collate([rows[place] for place in places], pad_id=pad_id), targets)
        yield np.array(places), [each.numpy() for each in found]


def prepared(form: dict, n_texts: int) -> tuple[GradientTaker, list[list[int]], int]:
    """A classifier of MiniLM with random adapter weights, its texts and the padding id."""
    backbone, method = load_backbone("minilm", DETECTION), build_method(form)
    model = method.prepare(backbone, seed=0).eval()
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in trainable(model).values():
            parameter.add_(0.02 * torch.randn_like(parameter))

    def objective(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return len(targets) * method.loss(logits, targets, torch.ones_like(logits[:, 0]))

    taker = GradientTaker(model, list(trainable(model)), objective)
    return taker, made_up_rows(backbone.tokenizer, n_texts), backbone.tokenizer.pad_token_id


def time_ways(taker: GradientTaker, rows: list[list[int]], pad_id: int, n_rounds: int) -> dict[str, float | None]:
    """Best processor seconds of each way, the ways taking turns; None where the network does not allow one."""
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(n_rounds):
        for way in WAYS:
            taker.way = way
            started = time.process_time()
            try:
                for _ in taken(taker, rows, pad_id):
                    pass
            except RuntimeError:
                continue
            times[way].append(time.process_time() - started)
    return {way: round(min(each), 3) if each else None for way, each in times.items()}


def time_estimators(taker: GradientTaker, rows: list[list[int]], pad_id: int, folder: Path) -> tuple[dict, int]:
    """Seconds of each estimator on stored gradients, and the bytes these take."""
    taker.way = "layers"
    blocks = [StoredBlock(block.name, block.n_parameters, block.n_parameters) for block in taker.blocks]
    store = build_store(folder, blocks, lambda: taken(taker, rows, pad_id), n_texts=len(rows))
    n_valid = max(1, len(rows) // 5)
    found = {}
    for kind in ESTIMATORS:
        started = time.perf_counter()
        influence(build_estimator(kind), (
            Block(block.name, store.rows(i), np.mean(store.rows(i)[:n_valid], axis=0, dtype=np.float64))
            for i, block in enumerate(blocks)
        ))  # fmt: skip
        found[kind] = round(time.perf_counter() - started, 3)
    rows_of = [np.array(store.rows(i)) for i in range(len(blocks))]
    valid = [np.mean(own[:n_valid], axis=0, dtype=np.float64) for own in rows_of]
    started = time.perf_counter()
    by_hand(rows_of, valid)
    found["datainf as a plain loop"] = round(time.perf_counter() - started, 3)
    return found, store.n_bytes


def by_hand(rows: list[NDArray[np.float32]], valid: list[NDArray[np.float64]]) -> list[float]:
    """DataInf as a plain loop over texts and blocks, the way its formula reads."""
    directions = []
    for own, v in zip(rows, valid, strict=True):
        damping = 0.1 * float(np.mean(own.astype(np.float64) ** 2))
        total = np.zeros_like(v)
        for gradient in own:
            total += v - (v @ gradient) / (damping + gradient @ gradient) * gradient
        directions.append(total / (len(own) * damping))
    return [-sum(r @ own[k] for own, r in zip(rows, directions, strict=True)) for k in range(len(rows[0]))]


def main() -> None:
    """Measure, print and, at full size, write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    results = {}
    for name, form in FORMS.items():
        taker, rows, pad_id = prepared(form, given.texts)
        times = time_ways(taker, rows, pad_id, given.rounds)
        with tempfile.TemporaryDirectory() as folder:
            estimators, n_bytes = time_estimators(taker, rows, pad_id, Path(folder) / "store")
        results[name] = {"gradients_s": times, "estimators_s": estimators, "bytes": n_bytes}
        gain = times["texts"] / times["layers"]
        print(f"{name:<20} {times}  {gain:.1f} times as fast as the loop  {n_bytes / 1e6:.1f} MB  {estimators}")
    machine = {"processor": platform.machine(), "n_cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    answer = {"version": tain.__version__, "torch": torch.__version__, "machine": machine, "n_texts": given.texts}
    if given.texts >= 500:
        target = HERE / "results" / f"{tain.__version__}.json"
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(answer | {"results": results}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
