"""The texts of what is to be retained, the same for every network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tain.core.errors import ConfigError, DataError
from tain.core.files import sha256_of
from tain.recipes.studies.forgetting.configuration import Retained
from tain.recipes.studies.tuning.texts import READERS, read_task, stratified


@dataclass(frozen=True)
class RetainedTexts:
    """Texts and what is to be said of them.

    Attributes:
        task: Settings.
        name: Of its files: what a person looks for, and a hash of the settings and the file.
        ids: Of the tested rows.
        labels: Their class indices; of a similarity, numbers.
        tested: The texts that are tested; of a similarity, the first of each pair.
        beside: Training texts of a probe or retrieval; of a similarity, the second of each pair.
        beside_labels: Class indices of training texts; empty for a similarity.
        n_classes: Of a probe or retrieval; 0 for a similarity.
    """

    task: Retained
    name: str
    ids: tuple[str, ...]
    labels: NDArray[np.float64]
    tested: Sequence[str]
    beside: Sequence[str]
    beside_labels: NDArray[np.int64]
    n_classes: int


def read_retained(task: Retained, *, split_seed: int) -> RetainedTexts:
    """Read and draw the texts of a task.

    Args:
        task: What to read.
        split_seed: Draws what the file does not name, and the texts of large parts.

    Raises:
        ConfigError: If the file, a column or a part is missing.
        DataError: If the file cannot be used.
    """
    file = Path(task.file).expanduser()
    if not file.is_file():
        raise ConfigError(f"{task.name}: there is no file {task.file}. Check the path.")
    name = _name_of(task, file, split_seed)
    if task.kind == "similarity":
        return _pairs(task, file, name, split_seed)
    texts = read_task(task, split_seed=split_seed)
    train = stratified(texts.train, seed=split_seed).head(task.n_train)
    return RetainedTexts(
        task,
        name,
        tuple(texts.test["id"].to_list()),
        texts.test["label"].to_numpy().astype(np.float64),
        texts.test["text"].to_list(),
        train["text"].to_list(),
        train["label"].to_numpy().astype(np.int64),
        len(texts.labels),
    )


def _pairs(task: Retained, file: Path, name: str, seed: int) -> RetainedTexts:
    frame = READERS[file.suffix](file) if file.suffix in READERS else pl.DataFrame()
    columns = (task.text_column, str(task.pair_column), task.label_column)
    if missing := [column for column in columns if column not in frame.columns]:
        raise ConfigError(f"{task.name}: {file} has no column {missing[0]!r}; it has {frame.columns}.")
    if task.splits is not None:
        frame = frame.filter(pl.col(task.splits.column) == task.splits.test)
    frame = frame.with_row_index("row").with_columns(pl.col(task.label_column).cast(pl.Float64, strict=False))
    if frame.height < 3 or any(frame[column].null_count() for column in columns):
        raise DataError(
            f"{task.name}: {file} has {frame.height} pairs to test, some without a text or a number in "
            f"{task.label_column!r}. Expected at least 3, each with two texts and a number."
        )
    frame = frame.sample(min(task.max_test, frame.height), shuffle=True, seed=seed)
    tested, beside, labels = (frame[column] for column in columns)
    ids = tuple(map(str, frame["row"].to_list()))
    return RetainedTexts(
        task, name, ids, labels.to_numpy(), tested.to_list(), beside.to_list(), np.empty(0, dtype=np.int64), 0
    )


def _name_of(task: Retained, file: Path, split_seed: int) -> str:
    settings = task.model_dump(mode="json") | {"sha256": sha256_of(file), "split_seed": split_seed, "file": ""}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
    plain = "".join(sign if sign.isalnum() else "-" for sign in task.name)
    return f"{plain}-{digest}"
