"""Confident learning: which labels disagree with what a model says of texts that it was not trained on.

    t_j = mean of p_j over the texts labelled j
    a text labelled i is counted as truly j  if  p_j >= t_j, with j the most probable of the classes that reach theirs
    joint_ij = (C_ij / sum_j C_ij) n_i,   over n

A class that the model is less sure of needs less to be believed. Source: Northcutt et al. 2021, arXiv:1911.00068; the
texts counted off the diagonal are its second baseline's, without pruning to the estimated shares. Differs: a row of the
joint without one confident text stays on its diagonal, a class without texts is never believed, and the joint is not
rounded to whole texts. Parity with cleanlab 2.9.0: tests/golden/confident_learning.json.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import DataError

Vector = NDArray[np.float64]
Labels = NDArray[np.integer]
ROUNDING = 1e-12
SMALLEST = 1e-12  # a probability of 0 would make an infinite loss of any rounding


@dataclass(frozen=True)
class Confident:
    """What out-of-fold probabilities say of labels.

    Attributes:
        loss: -log of the probability of each text's own label, shape (n,), in nats.
        likely: The class that each text is confidently taken for, shape (n,); -1 where none reaches its threshold.
        thresholds: t, shape (n_labels,); infinite for a class without texts.
        joint: Estimated shares of given label and true label, shape (n_labels, n_labels), sum 1.
    """

    loss: Vector
    likely: NDArray[np.int64]
    thresholds: Vector
    joint: NDArray[np.float64]

    @property
    def noise(self) -> float:
        """The estimated share of texts whose label is wrong."""
        return float(1 - np.trace(self.joint))


def confident(probabilities: NDArray[np.floating], labels: Labels) -> Confident:
    """Compare labels with out-of-fold probabilities.

    Args:
        probabilities: Of each text by a model that did not learn from it, shape (n, n_labels), rows sum to 1.
        labels: Class index of each text, shape (n,).

    Raises:
        DataError: If shapes do not fit, or a number is no probability.

    Cost: O(n n_labels).
    """
    p, labels = _sound(probabilities, labels)
    n_labels = p.shape[1]
    counts = np.bincount(labels, minlength=n_labels)
    own = p[np.arange(len(p)), labels]
    sums = np.bincount(labels, weights=own, minlength=n_labels)
    thresholds = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    # Sums round, so that equal probabilities may miss their own mean by the last bit.
    believed = np.where(p >= thresholds - ROUNDING, p, -1.0)
    likely = np.where(believed.max(axis=1) >= 0, believed.argmax(axis=1), -1)
    # Of two classes equally probable, the given one is no less likely.
    likely = np.where((likely >= 0) & (believed[np.arange(len(p)), labels] >= believed.max(axis=1)), labels, likely)
    return Confident(-np.log(np.maximum(own, SMALLEST)), likely, thresholds, _joint(labels, likely, counts))


def _joint(labels: Labels, likely: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    counted = np.zeros((len(counts), len(counts)))
    np.add.at(counted, (labels[likely >= 0], likely[likely >= 0]), 1)
    rows = counted.sum(axis=1, keepdims=True)
    shares = np.where(rows > 0, counted / np.maximum(rows, 1), np.eye(len(counts)))
    joint: NDArray[np.float64] = shares * counts[:, None] / counts.sum()
    return joint


def _sound(probabilities: NDArray[np.floating], labels: Labels) -> tuple[NDArray[np.float64], Labels]:
    p, own = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if p.ndim != 2 or not len(p) or own.shape != p.shape[:1]:
        raise DataError(
            f"Probabilities have shape {p.shape} and labels {own.shape}; expected (n, n_labels) and (n,), n above 0."
        )
    if not (np.isfinite(p).all() and p.min() >= 0 and np.allclose(p.sum(axis=1), 1, atol=1e-3)):
        raise DataError("Probabilities must be numbers from 0 to 1 whose rows sum to 1. Give those of a softmax.")
    if not np.issubdtype(own.dtype, np.integer) or own.min() < 0 or own.max() >= p.shape[1]:
        raise DataError(f"Labels must be class indices from 0 to {p.shape[1] - 1}.")
    return p, own
