"""Measures of a classifier with any number of classes: of each class, of all, and where they are confused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tain.core.errors import MetricError
from tain.evaluation.bootstrap import Bootstrap, interval_of_draws
from tain.evaluation.intervals import Estimate, Rate, rate_in_groups
from tain.evaluation.samples import Flags, Floats, Indices, as_groups

Table = NDArray[np.int64]
DEFAULT_BOOTSTRAP = Bootstrap()


@dataclass(frozen=True, slots=True)
class ClassRates:
    """How well one class is told from all others.

    Attributes:
        name: Of the class.
        n: Texts of the class.
        precision: Texts of the class among those called so.
        recall: Texts called so among those of the class.
        f1: Harmonic mean of both; None where no text is of the class.
    """

    name: str
    n: int
    precision: Rate
    recall: Rate
    f1: Estimate


@dataclass(frozen=True, slots=True)
class ClassMeasures:
    """All measures of one test.

    Attributes:
        n: Texts.
        n_groups: Groups among them.
        accuracy: Right calls; with one class per text also micro-averaged precision, recall and F1.
        majority: Share of the most frequent class: the accuracy of always naming it.
        macro_f1: Mean F1 of the classes, each weighing the same.
        balanced_accuracy: Mean recall of the classes; also called macro recall.
        classes: In the order of the label set.
        confusion: Texts by true class (row) and called class (column).
    """

    n: int
    n_groups: int
    accuracy: Rate
    majority: Rate
    macro_f1: Estimate
    balanced_accuracy: Estimate
    classes: tuple[ClassRates, ...]
    confusion: tuple[tuple[int, ...], ...]


def class_measures(
    called: ArrayLike,
    truth: ArrayLike,
    *,
    names: Sequence[str],
    groups: ArrayLike | None = None,
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
) -> ClassMeasures:
    """Every measure with its counts and interval, or with the reason why it is undefined.

    A class of which there is no text has no recall and no F1, and is in no mean: the mean says so.

    Args:
        called: Class index of each text as the classifier says, shape (n,).
        truth: True class index, shape (n,).
        names: Of the classes, in order.
        groups: Shape (n,), one name per text; texts of one group are drawn together. None draws single texts.
        bootstrap: How to draw.

    Raises:
        MetricError: If the arrays do not fit, there are no texts, or an index names no class.
    """
    said, true = _indices(called, len(names), "called"), _indices(truth, len(names), "truth")
    if said.shape != true.shape or not said.size:
        raise MetricError(f"There are {said.size} calls and {true.size} true classes; expected as many, and some.")
    index, n_groups = as_groups(groups, n=said.size)
    table = confusion_table(said, true, n_classes=len(names))
    drawn = _draws(said, true, index, n_groups, len(names), bootstrap)
    most = int(np.argmax(table.sum(axis=1)))
    return ClassMeasures(
        n=said.size,
        n_groups=n_groups,
        accuracy=rate_in_groups(said == true, index, of="texts"),
        majority=rate_in_groups(true == most, index, of="texts"),
        macro_f1=_mean(_f1(*_counts(table)), _f1(*drawn), names, n_groups),
        balanced_accuracy=_mean(_recall(*_counts(table)), _recall(*drawn), names, n_groups),
        classes=tuple(_class_rates(i, name, said, true, index, drawn) for i, name in enumerate(names)),
        confusion=tuple(tuple(row) for row in table.tolist()),
    )


def confusion_table(called: Indices, truth: Indices, *, n_classes: int) -> Table:
    """Texts by true class (row) and called class (column), shape (n_classes, n_classes).

    Args:
        called: Shape (n,), each below `n_classes`.
        truth: Shape (n,), each below `n_classes`.
        n_classes: At least 1.
    """
    cells = np.bincount(truth * n_classes + called, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes).astype(np.int64)


Counts = tuple[Floats, Floats, Floats]
"""Right calls, calls and texts of each class, each of shape (n_classes,) or (n_draws, n_classes)."""


def _counts(table: Table) -> Counts:
    return (
        table.diagonal().astype(np.float64),
        table.sum(axis=0).astype(np.float64),
        table.sum(axis=1).astype(np.float64),
    )


def _draws(said: Indices, true: Indices, index: Indices, n_groups: int, n_classes: int, bootstrap: Bootstrap) -> Counts:
    # Three sums a class are enough for every measure, where the whole table would be their square.
    parts = [
        _per_group(chosen, index, n_groups, n_classes) for chosen in (np.where(said == true, true, -1), said, true)
    ]
    per_group = np.concatenate(parts, axis=1)
    blocks = [weights.astype(np.float64) @ per_group for weights in bootstrap.weights(n_groups, n_texts=n_groups)]
    right, calls, texts = np.split(np.concatenate(blocks), 3, axis=1)
    return right, calls, texts


def _per_group(classes: Indices, index: Indices, n_groups: int, n_classes: int) -> Floats:
    kept = classes >= 0
    cells = np.bincount(index[kept] * n_classes + classes[kept], minlength=n_groups * n_classes)
    return cells.reshape(n_groups, n_classes).astype(np.float64)


def _f1(right: Floats, calls: Floats, texts: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(texts > 0, 2 * right / (calls + texts), np.nan)


def _recall(right: Floats, calls: Floats, texts: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(texts > 0, right / texts, np.nan)


def _mean(point: Floats, draws: Floats, names: Sequence[str], n_groups: int) -> Estimate:
    missing = [name for name, value in zip(names, point, strict=True) if np.isnan(value)]
    if missing:
        return Estimate(
            None, reason=f"There are no texts of {', '.join(missing)}, so no mean over all classes is defined."
        )
    # A draw that lacks a rare class is the mean of the others, as in the Report of such a test.
    with np.errstate(invalid="ignore"):
        return interval_of_draws(float(point.mean()), np.nanmean(draws, axis=1), n_least=n_groups)


def _class_rates(i: int, name: str, said: Indices, true: Indices, index: Indices, drawn: Counts) -> ClassRates:
    calls, texts = said == i, true == i
    n = int(texts.sum())
    right: Flags = calls & texts
    f1 = Estimate(None, reason=f"There are no texts of {name}.")
    if n:
        value = 2 * int(right.sum()) / (int(calls.sum()) + n)
        f1 = interval_of_draws(value, _f1(*(part[:, i] for part in drawn)), n_least=n)
    return ClassRates(
        name,
        n,
        precision=rate_in_groups(right[calls], index[calls], of=f"texts called {name}"),
        recall=rate_in_groups(right[texts], index[texts], of=f"texts of {name}"),
        f1=f1,
    )


def _indices(values: ArrayLike, n_classes: int, what: str) -> Indices:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise MetricError(f"{what} has shape {array.shape} and type {array.dtype}; expected one class index per text.")
    if array.size and not (array.min() >= 0 and array.max() < n_classes):
        raise MetricError(f"{what} holds {array.min()} to {array.max()}; expected indices of {n_classes} classes.")
    return array.astype(np.intp)
