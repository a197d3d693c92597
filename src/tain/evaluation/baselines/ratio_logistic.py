"""Logistic regression on columns that naive Bayes has weighed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from tain.evaluation.samples import Floats


class RatioLogistic(LogisticRegression):  # type: ignore[misc]
    """Each column is multiplied by how much oftener it is found in one class than in the other, then weighed.

    The penalty on weights then bears least on the n-grams that tell classes apart by themselves, so rare ones that do
    are used, and common ones that do not are left alone. `coef_` holds the product of both weights, so a row times
    `coef_` plus `intercept_` is the score.

    Source:
        Wang and Manning 2012, ACL P12-2018, equations 1 to 3: r = log((p / |p|) / (q / |q|)), p and q one more than the
        number of texts of each class with the column. Theirs were counts of 0 or 1 and an SVM interpolated with naive
        Bayes; here it is TF-IDF and plain logistic regression.
    """

    def __init__(self, C: float = 30.0, random_state: int | None = None) -> None:
        """Set it up.

        Args:
            C: Inverse of the penalty.
            random_state: Seed of the solver.
        """
        super().__init__(C=C, solver="liblinear", random_state=random_state)

    def fit(self, X: sparse.csr_matrix | Floats, y: NDArray[np.integer]) -> RatioLogistic:
        """Fit two classes.

        Args:
            X: Shape (n, n_columns), no value below 0.
            y: Two values, shape (n,).
        """
        rows, flags = sparse.csr_matrix(X), np.asarray(y) == np.max(y)
        found = rows > 0
        p, q = (1 + np.asarray(found[part].sum(axis=0), dtype=np.float64).ravel() for part in (flags, ~flags))
        ratios = np.log((p / p.sum()) / (q / q.sum()))
        super().fit(rows @ sparse.diags(ratios), y)
        weights: Floats = vars(self)["coef_"]
        self.coef_ = weights * ratios
        return self
