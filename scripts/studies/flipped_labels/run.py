"""Flip a fifth of the training labels, train, and see who finds them: one JSON file for each cell.

    python scripts/studies/flipped_labels/run.py ../shared/data build/flipped-labels

A cell is a task, a rank of LoRA and a seed. What is there is not run again, so that a study that was cut short goes on
with the same command. `--only WORD` runs the cells with the word in their name. Then `publish.py` writes the page.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from loops import compare
from measures import measured, suspects
from plan import REMOVED_BY, RETRAINED_RANK, SEEDS, TIMED_SEED, Cell, cells
from scores import score
from texts import CellTexts, cell_texts
from trained import accuracy, accuracy_without, train

from tain.core.files import read_json, write_json
from tain.core.version import VERSION


def run_cell(cell: Cell, texts: CellTexts, folder: Path) -> dict[str, Any]:
    """Train on flipped labels, score, time and, at one rank, keep the scores for further trainings."""
    work = folder / "work" / cell.name
    shutil.rmtree(work / "gradients", ignore_errors=True)
    started, load = time.process_time(), os.getloadavg()[0]
    subject = train(cell, texts, texts.train, work / "run")
    train_s = time.process_time() - started
    found = score(subject, texts, work / "gradients")
    assert found.last is not None, "gradients were taken"
    speed = compare(subject, texts, found.last) if cell.seed == TIMED_SEED else None
    value = {
        "version": VERSION,
        "task": cell.task.name,
        "rank": cell.rank,
        "seed": cell.seed,
        "texts_sha256": texts.sha256,
        "n_train": len(texts.train),
        "n_flipped": int(texts.is_flipped.sum()),
        "n_valid": len(texts.valid),
        "n_test": len(texts.test),
        "accuracy": accuracy(subject, texts.test),
        "train_s": train_s,
        "gradient_s": found.gradient_s,
        "gradient_bytes": found.gradient_bytes,
        "estimate_s": found.estimate_s,
        "speed": speed,
        "load": load,
        **found.facts,
        "rankings": measured(found.by, texts.is_flipped),
        "suspects": {name: suspects(found.by[name], int(texts.is_flipped.sum())).tolist() for name in REMOVED_BY},
    }
    shutil.rmtree(work)
    return value


def again(cell: Cell, texts: CellTexts, arm: str, found: dict[str, Any], work: Path) -> dict[str, Any]:
    """Train again on other texts or labels.

    Args:
        cell: Rank and seed.
        texts: Of the cell.
        arm: `clean`, `random`, or a ranking whose suspects are left out.
        found: Of the cell on flipped labels.
        work: Folder for the training.
    """
    n, everything = len(texts.train), np.arange(len(texts.train))
    left_out = np.array([], dtype=np.intp)
    if arm == "random":
        left_out = np.random.default_rng([cell.seed, 7]).choice(n, found["n_flipped"], replace=False)
    elif arm != "clean":
        left_out = np.array(found["suspects"][arm])
    labels = texts.right if arm == "clean" else texts.train.targets
    value = accuracy_without(cell, texts, np.setdiff1d(everything, left_out), labels, work)
    n_wrong = int((labels != texts.right).sum() - texts.is_flipped[left_out].sum())
    return {"arm": arm, "accuracy": value, "n_left_out": len(left_out), "n_wrong_left": n_wrong}


def kept(file: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a file holds; made and written if it is not there."""
    if not file.is_file():
        started, begun = time.process_time(), time.perf_counter()
        value = make() | {"processor_s": time.process_time() - started, "wall_s": time.perf_counter() - begun}
        write_json(file, value)
        print(f"{file.name}: {value['processor_s']:.0f} s of the processor in {value['wall_s']:.0f} s", flush=True)
    found: dict[str, Any] = read_json(file)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("output", type=Path)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    torch.set_num_threads(1)
    wanted = [cell for cell in cells() if given.only in cell.name]
    for seed in SEEDS:
        own = [cell for cell in wanted if cell.seed == seed]
        for cell in own:
            first(cell, given.data, given.output)
        for cell in own:
            if cell.rank == RETRAINED_RANK:
                further(cell, given.data, given.output)


def first(cell: Cell, data: str, output: Path) -> dict[str, Any]:
    """The training on flipped labels and its rankings."""
    return kept(output / f"{cell.name}.json", lambda: run_cell(cell, cell_texts(cell, data), output))


def further(cell: Cell, data: str, output: Path) -> None:
    """The trainings without suspects, without random texts, and on clean labels."""
    found, texts = first(cell, data, output), cell_texts(cell, data)
    for arm in ("clean", "random", *REMOVED_BY):
        name = f"{cell.name}.{arm}"
        kept(output / f"{name}.json", partial(again, cell, texts, arm, found, output / "work" / name))


if __name__ == "__main__":
    main()
