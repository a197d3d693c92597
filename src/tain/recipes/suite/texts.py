"""The texts of every task of a suite: none is trained on in one task and tested in another."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tain.core.errors import ConfigError, DataError
from tain.corpora.labels import raw_label
from tain.corpora.normalise import LATEST, get_normaliser
from tain.corpora.reading import iter_rows
from tain.corpora.split import assign_split
from tain.recipes.suite.configuration import Suite, SuiteTask

TRAIN, TEST = "train", "test"
Labelled = list[tuple[str, str]]


@dataclass(frozen=True)
class Texts:
    """Texts with answers.

    Attributes:
        texts: Normalised.
        targets: 1 for yes, 0 for no.
    """

    texts: tuple[str, ...]
    targets: tuple[int, ...]


@dataclass(frozen=True)
class TaskTexts:
    """The texts of a task, as many of either answer in each part.

    Attributes:
        task: Its settings.
        train: What may be learnt from; for held-out tasks only by their oracle.
        test: What is measured.
    """

    task: SuiteTask
    train: Texts
    test: Texts


def read_texts(suite: Suite) -> list[TaskTexts]:
    """The texts of every task, in order; files that several tasks name are read once.

    Args:
        suite: Its tasks.

    Raises:
        ConfigError: If a column or a label is not in its file.
        DataError: If a file cannot be read, or an answer has no text in one of the parts.
    """
    files: dict[tuple[str, str, str], Labelled] = {}
    for task in suite.tasks:
        key = (task.file, task.text_column, task.label_column)
        if key not in files:
            files[key] = _rows(task)
    return [_texts(suite, task, files[task.file, task.text_column, task.label_column]) for task in suite.tasks]


def labels_of_no(suite: Suite, task: SuiteTask, found: Sequence[str]) -> set[str]:
    """The labels that mean no in a task.

    A training task takes no text of what a held-out task of the same file asks for, unless its settings say so: it
    would teach that such texts are never meant.

    Args:
        suite: All tasks.
        task: One of them.
        found: All labels of its file.
    """
    if task.no:
        return {*task.no}
    same = (other for other in suite.tasks if (other.file, other.label_column) == (task.file, task.label_column))
    held = {label for other in same if other.held_out and not task.held_out for label in other.yes}
    return {*found} - {*task.yes} - held


def _rows(task: SuiteTask) -> Labelled:
    found = []
    for line, values in iter_rows(task.file):
        for column in (task.text_column, task.label_column):
            if column not in values:
                raise ConfigError(
                    f"{task.name}: {task.file} has no column {column!r} in row {line}; it has {sorted(values)}. Name "
                    "the columns with text_column and label_column."
                )
        text, label = values[task.text_column], raw_label(values[task.label_column])
        if label is not None and isinstance(text, str) and text.strip():
            found.append((text, label))
    return found


def _texts(suite: Suite, task: SuiteTask, rows: Labelled) -> TaskTexts:
    found = {label for _, label in rows}
    if strange := sorted({*task.yes, *task.no} - found):
        raise ConfigError(
            f"{task.name}: no row of {task.file} has the label {strange[0]!r}; it has {sorted(found)[:20]}."
        )
    yes, no = {*task.yes}, labels_of_no(suite, task, sorted(found))
    sides = {1: [text for text, label in rows if label in yes], 0: [text for text, label in rows if label in no]}
    parts = {name: _part(suite, task, sides, name) for name in (TRAIN, TEST)}
    return TaskTexts(task, parts[TRAIN], parts[TEST])


def _part(suite: Suite, task: SuiteTask, sides: dict[int, list[str]], part: str) -> Texts:
    settings = suite.texts
    most = (settings.n_train if part == TRAIN else settings.n_test) // 2
    chosen = {answer: _chosen(suite, task, texts, part, most) for answer, texts in sides.items()}
    n = min(map(len, chosen.values()))
    if not n:
        answer = "yes" if not chosen[1] else "no"
        raise DataError(
            f"{task.name}: {task.file} has no text for the answer {answer} in its {part} part. Give more rows, or "
            "other labels."
        )
    pairs = [(text, answer) for answer in (0, 1) for text in chosen[answer][:n]]
    return Texts(tuple(text for text, _ in pairs), tuple(answer for _, answer in pairs))


def _chosen(suite: Suite, task: SuiteTask, texts: Sequence[str], part: str, most: int) -> list[str]:
    """Different texts of a part, in an order that hangs on the seed and the task alone."""
    order = list(texts)
    random.Random(f"{suite.seed}/{task.name}").shuffle(order)
    shares = {TRAIN: 1 - suite.texts.test_share, TEST: suite.texts.test_share}
    normalise = get_normaliser(LATEST).normalise
    found: dict[str, str] = {}
    for raw in order:
        # What makes two texts the same is their words; the rest differs between copies of one text.
        words = " ".join("".join(c if c.isalnum() else " " for c in raw.lower()).split())
        if words and words not in found and assign_split(words, seed=suite.seed, shares=shares) == part:
            found[words] = normalise(raw).text
            if len(found) == most:
                break
    return list(found.values())
