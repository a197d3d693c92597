"""Representation similarity: a baseline that looks at no gradient.

    I(k) = - mean over validation texts j of cos(h_k, h_j) (1[y_k = y_j] - 1/C)

with h what the head of the network reads of a text and C the number of classes: a text that the network finds like
the validation texts helps where it has their label, and harms where it has another. It is Hessian-free on the head's
weights with |h| = 1 and every class given the probability 1/C, as the head's gradient is (p - e_y) h'. Source: a
common baseline; Hanawa et al. 2021, Evaluation of similarity-based explanations. Cost: one pass over n x Cd numbers.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tain.analysis.influence.blocks import Block, Rows
from tain.analysis.influence.estimator import AlongGradient, EstimatorSettings, Source


class Representation(AlongGradient[EstimatorSettings]):
    """Likeness, signed by agreement of the labels."""

    kind: ClassVar[str] = "representation"
    source: ClassVar[Source] = "representations"
    reads_norms: ClassVar[bool] = False

    def factor(self, block: Block) -> float:
        """One: the direction is the mean features of the validation texts."""
        return 1.0


def label_features(states: Rows, targets: NDArray[np.integer], *, n_labels: int) -> NDArray[np.float32]:
    """Rows whose products are the cosine of states times the agreement of labels.

    Args:
        states: What the head reads of each text, shape (n_texts, d).
        targets: Class index of each, shape (n_texts,).
        n_labels: C.

    Returns:
        Shape (n_texts, C d), float32.
    """
    lengths = np.linalg.norm(states, axis=1, keepdims=True)
    unit = states / np.where(lengths > 0, lengths, 1.0)
    agreement = np.eye(n_labels)[targets] - 1 / n_labels
    features: NDArray[np.float32] = (agreement[:, :, None] * unit[:, None, :]).astype(np.float32)
    return features.reshape(len(states), -1)
