"""Texts of one cell: tokenised, with a fifth of the training labels flipped."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray
from plan import FLIPPED_SHARE, Cell, Task

from tain.core.example import LabelSet
from tain.models import Backbone, load_backbone
from tain.recipes.explain.texts import Texts
from tain.recipes.studies.tuning.pairs import token_ids
from tain.recipes.studies.tuning.texts import TaskTexts, read_task

Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CellTexts:
    """What a cell learns from and is measured by.

    Attributes:
        labels: The classes.
        train: Training texts, their labels flipped.
        right: The training texts' own labels, shape (n_train,).
        valid: Clean.
        test: Clean.
        plain: Words of the training texts, for evidence that looks at them without the classifier.
        sha256: Of all of them.
    """

    labels: LabelSet
    train: Texts
    right: Labels
    valid: Texts
    test: Texts
    plain: tuple[str, ...]
    sha256: str

    @property
    def is_flipped(self) -> NDArray[np.bool_]:
        """Whether each training text has a wrong label."""
        return np.asarray(self.train.targets != self.right)


def cell_texts(cell: Cell, data: str) -> CellTexts:
    """The texts of a cell; all ranks of a task and a seed have the same."""
    return _texts(cell.task, cell.seed, data)


@lru_cache(maxsize=3)
def _task(task: Task, data: str) -> TaskTexts:
    return read_task(task.reader(data), split_seed=0)


@lru_cache(maxsize=3)
def _backbone(labels: LabelSet) -> Backbone:
    return load_backbone("minilm", labels, pooling="mean", seed=0)


@lru_cache(maxsize=3)
def _texts(task: Task, seed: int, data: str) -> CellTexts:
    found = _task(task, data)
    frame = found.subset(task.size, seed=seed)
    right = frame["label"].to_numpy().astype(np.int64)
    wrong = flipped(right, n_labels=len(found.labels), seed=seed)
    parts = [_tokenised(part, task, found.labels) for part in (frame, found.valid, found.test)]
    train = Texts(parts[0].rows, wrong, parts[0].weights)
    digest = hashlib.sha256("".join(part.sha256 for part in (train, *parts)).encode()).hexdigest()
    return CellTexts(found.labels, train, right, parts[1], parts[2], tuple(frame["text"].to_list()), digest)


def flipped(labels: Labels, *, n_labels: int, seed: int) -> Labels:
    """Labels of which exactly a fifth of each class became another one."""
    rng, found = np.random.default_rng([seed, 20]), labels.copy()
    for label in range(n_labels):
        own = np.flatnonzero(labels == label)
        chosen = rng.choice(own, round(FLIPPED_SHARE * len(own)), replace=False)
        found[chosen] = (label + rng.integers(1, n_labels, len(chosen))) % n_labels
    return found


def _tokenised(frame: pl.DataFrame, task: Task, labels: LabelSet) -> Texts:
    tokenizer = _backbone(labels).tokenizer
    max_tokens = task.reader("").max_tokens
    rows = token_ids(tokenizer, frame["text"].to_list(), frame["pair"].to_list(), max_tokens=max_tokens)
    return Texts(rows, frame["label"].to_numpy().astype(np.int64), np.full(len(rows), 1 / len(rows)))
