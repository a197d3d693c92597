"""A mining small enough for a test: made-up words, a tiny encoder, and a pool with one kind of text that looks AI."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from tain.cli.app import run
from tests.tiny import WORDS, save_tiny_encoder

SETTINGS = (
    "training.n_epochs=8",
    "training.threads=1",
    "training.n_evaluations=2",
    "training.checkpoint_every=10",
    "training.batch_tokens=2048",
    "training.lr=0.01",
    "training.guard_factor=1e9",
    "training.dtype=float32",
    "corpus.n_views=1",
    "corpus.cut_high=55",
    "method.rank=4",
    "mining.alpha=1",
)


def words(n: int, *, seed: int, tilt: float, mark: float = 1.0, low: int = 52, high: int = 60) -> list[str]:
    """Sentences of made-up words; the second half of the vocabulary is `tilt` times as frequent as the first.

    The first three words are `mark` times as frequent, which tells a kind of text that otherwise looks AI.
    """
    rng = np.random.default_rng(seed)
    weights = np.where(np.arange(len(WORDS)) >= len(WORDS) // 2, tilt, 1.0)
    weights[:3] *= mark
    texts = []
    for _ in range(n):
        chosen = rng.choice(WORDS, size=int(rng.integers(low, high + 1)), p=weights / weights.sum()).tolist()
        texts.append(" ".join(f"{word}." if place % 10 == 9 else word for place, word in enumerate(chosen)))
    return texts


def write_rows(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def make_data(folder: Path, *, n_pool: int = 480) -> dict[str, Path]:
    """Files of a mining: `train`, `pool`, `bank` and `valid_ai` (AI texts) and `base` (a tiny encoder)."""
    human, ai = words(90, seed=1, tilt=1.0), words(90, seed=2, tilt=3.5)
    rows: list[dict[str, object]] = []
    for number, (one, other) in enumerate(zip(human, ai, strict=True)):
        rows += [
            {"id": f"h{number}", "text": one, "label": "human", "group": f"g{number}", "domain": "plain"},
            {"id": f"a{number}", "text": other, "label": "ai", "group": f"g{number}", "domain": "plain"},
        ]
    plain, odd = words(n_pool * 3 // 4, seed=3, tilt=1.0), words(n_pool // 4, seed=4, tilt=3.0, mark=6.0)
    pool: list[dict[str, object]] = [{"id": f"p{i}", "text": text, "domain": "plain"} for i, text in enumerate(plain)]
    pool += [{"id": f"o{i}", "text": text, "domain": "odd"} for i, text in enumerate(odd)]
    judged = [{"id": f"v{i}", "text": text} for i, text in enumerate(words(80, seed=6, tilt=3.5))]
    bank = [{"id": f"b{i}", "text": text, "label": "ai"} for i, text in enumerate(words(80, seed=5, tilt=3.5))]
    return {
        "base": save_tiny_encoder(folder / "base"),
        "train": write_rows(folder / "train.jsonl", rows),
        "pool": write_rows(folder / "pool.jsonl", pool),
        "bank": write_rows(folder / "bank.jsonl", bank),
        "valid_ai": write_rows(folder / "valid_ai.jsonl", judged),
    }


def command(data: dict[str, Path], output: Path, *more: str) -> list[str]:
    """`tain mine` on these files."""
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    files = ["--train", str(data["train"]), "--pool", str(data["pool"]), "--mirror-file", str(data["bank"])]
    files += ["--valid-ai", str(data["valid_ai"])]
    numbers = ["--base", str(data["base"]), "--fpr", "0.08", "--per-round", "20", "--rounds", "2"]
    return ["mine", *files, "--output", str(output), *numbers, "--quiet", *settings, *more]


def mined_in_a_child(
    data: dict[str, Path], output: Path, *more: str, first: Callable[[], None] | None = None, kill_after_s: float = 0
) -> int | None:
    """The exit status of `tain mine --control-arm random --resume` in a process of its own.

    `first` is called there before anything else; 0 seconds kills it never.
    """
    torch.set_num_threads(1)

    def work() -> None:
        os.environ["TAIN_CACHE"] = str(output.parent / "cache")
        if first:
            first()
        raise SystemExit(run(command(data, output, "--control-arm", "random", "--resume", *more)))

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    if kill_after_s:
        time.sleep(kill_after_s)
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    return child.exitcode
