"""Two classifiers that scikit-learn has, changed so that they rank texts and do not only name a class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from tain.evaluation.samples import Floats

NEAREST = 0.05


class RankingTree(DecisionTreeClassifier):  # type: ignore[misc]
    """A decision tree whose leaves give (k + 1) / (n + classes) in place of k / n.

    A leaf of two texts is less sure than one of two hundred, so fewer texts tie at 0 or 1. The class named is the same.

    Source:
        Provost and Domingos 2003, Machine Learning 52(3).
    """

    def predict_proba(self, X: Floats, check_input: bool = True) -> Floats:
        """Shape (n, n_classes)."""
        shares = super().predict_proba(X, check_input=check_input)
        in_leaf = self.tree_.weighted_n_node_samples[self.apply(X, check_input=check_input)][:, np.newaxis]
        smoothed: Floats = (shares * in_leaf + 1) / (in_leaf + shares.shape[1])
        return smoothed


class RankingNeighbours(KNeighborsClassifier):  # type: ignore[misc]
    """Nearest neighbours that count for more the nearer they are, with one vote shared among all classes.

    Five neighbours of one class give a higher share when they are close, where k / n would give 1 to all such texts.
    """

    def __init__(self, n_neighbors: int = 5) -> None:
        """Set it up.

        Args:
            n_neighbors: How many training texts vote.
        """
        super().__init__(n_neighbors, weights=_nearness)

    def predict_proba(self, X: Floats) -> Floats:
        """Shape (n, n_classes)."""
        distances, places = self.kneighbors(X)
        weights = _nearness(distances)
        of_class = self._y[places][:, :, np.newaxis] == np.arange(len(self.classes_))
        votes = (weights[:, :, np.newaxis] * of_class).sum(axis=1) + 1 / len(self.classes_)
        shares: Floats = votes / votes.sum(axis=1, keepdims=True)
        return shares


def _nearness(distances: NDArray[np.float64]) -> Floats:
    # Rows have length 1, so distances lie between 0 and the root of 2; an exact repeat counts twenty times one vote.
    nearness: Floats = 1 / (distances + NEAREST)
    return nearness
