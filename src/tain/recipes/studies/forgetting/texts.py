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

from tain.analysis.generations.choices import choices_of
from tain.core.errors import ConfigError, DataError
from tain.core.files import sha256_of
from tain.recipes.studies.forgetting.configuration import EMBEDDED, Retained
from tain.recipes.studies.tuning.texts import READERS, read_task, stratified

_NONE: NDArray[np.int64] = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class RetainedTexts:
    """Texts and what is to be said of them.

    Attributes:
        task: Settings.
        name: Of its files: what a person looks for, and a hash of the settings and the file.
        ids: Of the tested rows.
        labels: Their class indices; of a similarity, numbers.
        tested: The texts that are tested; of a similarity, the first of each pair; of a decoder, what it is asked.
        beside: Training texts of a probe or retrieval; of a similarity, the second of each pair; of a decoder, the
            right answer to each question, or the program that tests it.
        beside_labels: Class indices of training texts; empty otherwise.
    """

    task: Retained
    name: str
    ids: tuple[str, ...]
    labels: NDArray[np.float64]
    tested: Sequence[str]
    beside: Sequence[str]
    beside_labels: NDArray[np.int64]


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
    if task.kind not in EMBEDDED:
        return _questions(task, file, name, split_seed)
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
    )


def _pairs(task: Retained, file: Path, name: str, seed: int) -> RetainedTexts:
    columns = (task.text_column, str(task.pair_column), task.label_column)
    frame = _tested_part(task, file, columns)
    frame = frame.with_columns(pl.col(task.label_column).cast(pl.Float64, strict=False))
    if frame.height < 3 or any(frame[column].null_count() for column in columns):
        raise DataError(
            f"{task.name}: {file} has {frame.height} pairs to test, some without a text or a number in "
            f"{task.label_column!r}. Expected at least 3, each with two texts and a number."
        )
    frame = frame.sample(min(task.max_test, frame.height), shuffle=True, seed=seed)
    tested, beside, labels = (frame[column] for column in columns)
    ids = tuple(map(str, frame["row"].to_list()))
    return RetainedTexts(task, name, ids, labels.to_numpy(), tested.to_list(), beside.to_list(), _NONE)


def _questions(task: Retained, file: Path, name: str, seed: int) -> RetainedTexts:
    own = {"code": (task.test_column, task.entry_column), "diversity": ()}.get(task.kind, (task.label_column,))
    frame = _tested_part(task, file, (task.text_column, *own)).drop_nulls([task.text_column, *own])
    if not frame.height:
        raise DataError(f"{task.name}: {file} has no row to test. Expected a question and its answer in each.")
    frame = frame.sample(min(task.max_test, frame.height), shuffle=True, seed=seed)
    rows = frame.select(task.text_column, *own).rows()
    asked = [str(row[0]) for row in rows]
    if task.kind == "code":
        right = [f"{test}\n\ncheck({entry})" for _, test, entry in rows]
    else:
        right = [str(row[-1]) for row in rows] if own else [""] * len(rows)
    labels = np.zeros(len(rows))
    if task.kind == "choice":
        labels = np.array([_place(task, question, answer) for question, answer in zip(asked, right, strict=True)])
    return RetainedTexts(task, name, tuple(map(str, frame["row"].to_list())), labels, asked, right, _NONE)


def _place(task: Retained, question: str, answer: str) -> float:
    choices = choices_of(question)
    if answer not in choices:
        raise DataError(f"{task.name}: the answer {answer!r} is none of the choices {list(choices)} of its question.")
    return float(choices.index(answer))


def _tested_part(task: Retained, file: Path, columns: Sequence[str]) -> pl.DataFrame:
    """The rows of the test part, or all of a file without parts, with their place in the file."""
    frame = READERS[file.suffix](file) if file.suffix in READERS else pl.DataFrame()
    if missing := [column for column in columns if column not in frame.columns]:
        raise ConfigError(f"{task.name}: {file} has no column {missing[0]!r}; it has {frame.columns}.")
    frame = frame.with_row_index("row")
    return frame if task.splits is None else frame.filter(pl.col(task.splits.column) == task.splits.test)


def _name_of(task: Retained, file: Path, split_seed: int) -> str:
    settings = task.model_dump(mode="json", exclude_defaults=True) | {
        "sha256": sha256_of(file),
        "split_seed": split_seed,
        "file": "",
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]
    plain = "".join(sign if sign.isalnum() else "-" for sign in task.name)
    return f"{plain}-{digest}"
