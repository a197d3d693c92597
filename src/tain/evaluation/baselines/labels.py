"""Labels of training texts as class indices."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tain.core.errors import MetricError
from tain.evaluation.samples import Indices, need_both_classes


def as_classes(labels: ArrayLike, *, n: int, name: str) -> tuple[Indices, int]:
    """The labels as class indices, and how many classes there are.

    Args:
        labels: Shape (n,), whole numbers from 0, or flags.
        n: How many there must be.
        name: Of the detector, for an error.

    Raises:
        MetricError: If there are not n of them, one is no class index, or a class has no text.
    """
    array = np.asarray(labels)
    if array.shape != (n,):
        raise MetricError(f"labels have shape {array.shape}, but there are {n} texts. Give one label per text.")
    if array.dtype != np.bool_ and not np.issubdtype(array.dtype, np.integer):
        raise MetricError(f"labels are of type {array.dtype}; expected class indices 0, 1, ... as whole numbers.")
    classes = array.astype(np.intp)
    if n and classes.min() < 0:
        raise MetricError(f"labels hold {classes.min()}; expected class indices from 0.")
    n_classes = int(classes.max(initial=0)) + 1
    if n_classes <= 2:
        need_both_classes(classes.astype(np.bool_), metric=name)
    absent = np.setdiff1d(np.arange(n_classes), classes)
    if absent.size:
        raise MetricError(f"{name} cannot learn class {absent[0]} of {n_classes}: no training text has it.")
    return classes, n_classes
