"""What training and `tain mine` made of a seed: kept rounds, the files that teach, and what the ledger says.

Without a mining the detector is as it was trained.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def trained(build: Path, seed: int) -> Path:
    """The Classifier of a training."""
    return build / f"run-{seed}" / "model"


def mining(build: Path, seed: int) -> Path:
    return build / f"mined-{seed}"


def is_mined(build: Path, seed: int) -> bool:
    """Whether there is a mining that has come to its end."""
    return (mining(build, seed) / "detector").is_dir()


def classifier(build: Path, seed: int) -> Path:
    """What operating points are fitted to."""
    return mining(build, seed) / "detector" if is_mined(build, seed) else trained(build, seed)


def events(folder: Path, kind: str) -> list[Row]:
    ledger = folder / "ledger.jsonl"
    found = [json.loads(line) for line in ledger.read_text().splitlines()] if ledger.is_file() else []
    return [event for event in found if event["event"] == kind]


def rounds(folder: Path) -> list[Row]:
    """The entries of all rounds of a mining, in order; the first is the start."""
    return events(folder, "round")


def random_arms(folder: Path) -> list[Row]:
    """The entries of the random arms, each of as many texts as the detector of its round had learned from in all."""
    return events(folder, "random")


def is_kept(event: Row) -> bool:
    return bool(event.get("decision", event)["is_kept"])


def kept_rounds(folder: Path) -> list[int]:
    """The rounds whose texts are in the last detector, 0 for the start."""
    return sorted({event["round"] for event in rounds(folder) if is_kept(event)})


def added(build: Path, seed: int) -> list[Path]:
    """The texts that the kept rounds of a seed taught."""
    if not is_mined(build, seed):
        return []
    folder = mining(build, seed)
    return [folder / f"round-{n}" / "added" / "added.parquet" for n in kept_rounds(folder) if n]


def taught(build: Path, seed: int) -> list[Path]:
    """Everything that the detector of a seed learned from: the first file all of it, the others its n-grams alone."""
    return [build / "train.parquet", *for_ngrams(build, seed)]


def for_ngrams(build: Path, seed: int) -> list[Path]:
    """What the n-grams of a seed alone learned from; without `hard.parquet`, the rounds."""
    hard = build / "hard.parquet"
    return [*([hard] if hard.is_file() else []), *added(build, seed)]
