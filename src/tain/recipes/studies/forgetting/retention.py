"""What a frozen network can still do: pure functions of embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from tain.evaluation.bootstrap import Bootstrap
from tain.recipes.studies.forgetting.configuration import Kind

Floats: TypeAlias = NDArray[np.float64]
PROBE_C = 1.0


@dataclass(frozen=True)
class Retention:
    """What a network says of each tested row.

    Attributes:
        ids: Of the rows.
        labels: Class indices, or the numbers of a similarity, shape (n,).
        said: The class that a probe or the nearest text gives, the choice that a decoder takes, the cosine of a pair,
            or how right or different what was written is, from 0 to 1, shape (n,).
        kind: How it was read off.
    """

    ids: tuple[str, ...]
    labels: Floats
    said: Floats
    kind: Kind

    @property
    def value(self) -> float:
        """Accuracy or a mean share, or of a similarity Spearman's correlation, 0 for cosines that are all equal."""
        return float(self._values(np.ones((1, len(self.said)), dtype=np.int64))[0])

    def draws(self, bootstrap: Bootstrap) -> Floats:
        """The value in every draw of the rows, shape (n_draws,).

        Args:
            bootstrap: Equal ones draw the same rows, so that two networks can be compared in pairs.
        """
        n = len(self.said)
        return np.concatenate([self._values(weights) for weights in bootstrap.weights(n, n_texts=n)])

    def _values(self, weights: NDArray[np.integer]) -> Floats:
        if self.kind == "similarity":
            return np.array([_spearman(np.repeat(self.labels, own), np.repeat(self.said, own)) for own in weights])
        merits = self.said if self.kind in ("exact_match", "code", "diversity") else self.said == self.labels
        return np.asarray(weights @ merits / weights.sum(axis=1))


def probe(train: Floats, labels: NDArray[np.int64], tested: Floats) -> Floats:
    """The class that logistic regression on frozen embeddings gives each tested text, shape (n_tested,).

    Columns are scaled by the training texts, so that a network whose embeddings only grew has lost nothing.

    Args:
        train: Shape (n_train, d).
        labels: Class index of each.
        tested: Shape (n_tested, d).
    """
    from sklearn.linear_model import LogisticRegression

    mean, scale = train.mean(axis=0), train.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    model = LogisticRegression(C=PROBE_C, max_iter=1000).fit((train - mean) / scale, labels)
    return np.asarray(model.predict((tested - mean) / scale), dtype=np.float64)


def retrieve(train: Floats, labels: NDArray[np.int64], tested: Floats) -> Floats:
    """The class of the training text with the highest cosine to each tested one, the first of equals.

    Args:
        train: Shape (n_train, d).
        labels: Class index of each.
        tested: Shape (n_tested, d).
    """
    return np.asarray(labels[(_unit(tested) @ _unit(train).T).argmax(axis=1)], dtype=np.float64)


def cosines(first: Floats, second: Floats) -> Floats:
    """The cosine of each pair, shape (n,).

    Args:
        first: Shape (n, d).
        second: Of the same shape.
    """
    return np.asarray((_unit(first) * _unit(second)).sum(axis=1))


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0))


def _spearman(labels: Floats, said: Floats) -> float:
    one, other = (rankdata(values) for values in (labels, said))
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / scale if scale > 0 else 0.0
