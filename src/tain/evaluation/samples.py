"""Checked arrays: what every metric asks of its scores and labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tain.core.errors import MetricError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.intp]


def as_scores(scores: ArrayLike, *, name: str = "scores") -> Floats:
    """The scores as a one-dimensional float array without NaN or infinity.

    Args:
        scores: Shape (n,), higher means AI.
        name: What to call them in an error.

    Raises:
        MetricError: If the shape is wrong or a value is not finite; the message names the first such row.
    """
    array = np.asarray(scores, dtype=np.float64)
    if array.ndim != 1:
        raise MetricError(f"{name} have shape {array.shape}; expected one number per text, shape (n,).")
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise MetricError(
            f"{name} hold {array[bad[0]]} at position {bad[0]} ({bad.size} of {array.size} are not finite). "
            "Leave out texts without a score, and count them as abstentions."
        )
    return array


def as_is_ai(is_ai: ArrayLike, *, n: int) -> Flags:
    """The labels as flags, true for AI.

    Args:
        is_ai: Shape (n,), booleans or the numbers 0 and 1.
        n: How many there must be.

    Raises:
        MetricError: If there are not n of them or one is neither 0 nor 1.
    """
    array = np.asarray(is_ai)
    if array.shape != (n,):
        raise MetricError(f"is_ai has shape {array.shape}, but there are {n} scores. Give one label per score.")
    if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
        odd = next(value for value in array.tolist() if value not in (0, 1))
        raise MetricError(f"is_ai holds {odd!r}; expected True or 1 for AI and False or 0 for human.")
    return array.astype(np.bool_)


def as_sample(scores: ArrayLike, is_ai: ArrayLike) -> tuple[Floats, Flags]:
    """Scores and labels, checked and of equal length.

    Args:
        scores: Shape (n,), higher means AI.
        is_ai: Shape (n,), true for AI.

    Raises:
        MetricError: If `as_scores` or `as_is_ai` refuses.
    """
    checked = as_scores(scores)
    return checked, as_is_ai(is_ai, n=checked.size)


def need_both_classes(is_ai: Flags, *, metric: str) -> None:
    """Refuse a sample in which a class is absent.

    Args:
        is_ai: Shape (n,), true for AI.
        metric: Name of the number that cannot be had, for the message.

    Raises:
        MetricError: If there is no AI text or no human text; the message names the class that is there.
    """
    n_ai = int(is_ai.sum())
    n_human = is_ai.size - n_ai
    if n_ai and n_human:
        return
    if not is_ai.size:
        raise MetricError(f"{metric} is not defined: there are no scored texts.")
    present, absent = ("ai", "human") if n_ai else ("human", "ai")
    raise MetricError(
        f"{metric} is not defined: all {is_ai.size} scored texts are {present}. Add texts labelled {absent}."
    )


def as_groups(groups: ArrayLike | None, *, n: int) -> tuple[Indices, int]:
    """The groups as numbers from 0, and how many there are.

    Args:
        groups: Shape (n,), one name per text. None, for all or for one, makes a text a group of its own; so does "".
        n: How many there must be.

    Raises:
        MetricError: If there are not n of them.
    """
    if groups is None:
        return np.arange(n), n
    array = np.asarray(groups)
    if not np.issubdtype(array.dtype, np.integer):
        array = np.asarray(groups, dtype=object)
    if array.shape != (n,):
        raise MetricError(f"groups have shape {array.shape}, but there are {n} scores. Give one group per score.")
    if array.dtype != object:
        known, index = np.unique(array, return_inverse=True)
        return index.astype(np.intp), known.size
    # Named after their position, with a tag that no real name shares, so that they do not become one large group.
    names = [("", str(i)) if name is None or name == "" else (str(name), "") for i, name in enumerate(array)]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.intp), len(numbers)
