"""Logistic regression on columns as they are and on columns that naive Bayes has weighed, in equal parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from tain.evaluation.samples import Floats

PLAIN_C = 10.0


class RatioLogistic(LogisticRegression):  # type: ignore[misc]
    """The mean of two linear models.

    In one, each column is multiplied by how much oftener it is found in one class than in the other, then weighed: the
    penalty bears least on n-grams that tell classes apart by themselves, so rare ones that do are used, and common ones
    that do not are left alone. The other is logistic regression on the columns as they are. Their mean ranks texts of
    other corpora better than either (docs/log.md). It is linear too: a row times `coef_` plus `intercept_`.

    Source:
        Wang and Manning 2012, ACL P12-2018, equations 1 to 3: r = log((p / |p|) / (q / |q|)), p and q one more than the
        number of texts of each class with the column. Theirs were counts of 0 or 1, and an SVM interpolated with naive
        Bayes; here it is TF-IDF, and logistic regression interpolated with itself.
    """

    def __init__(self, C: float = 30.0, random_state: int | None = None) -> None:
        """Set it up.

        Args:
            C: Inverse of the penalty of the first model; the second has 10.
            random_state: Seed of the solver.
        """
        super().__init__(C=C, solver="liblinear", random_state=random_state)

    def fit(self, X: sparse.csr_matrix | Floats, y: NDArray[np.integer]) -> RatioLogistic:
        """Fit two classes.

        Args:
            X: Shape (n, n_columns), no value below 0.
            y: Two values, shape (n,).
        """
        rows = sparse.csr_matrix(X)
        ratios = _ratios(rows, np.asarray(y) == np.max(y))
        super().fit(rows @ sparse.diags(ratios), y)
        plain = LogisticRegression(C=PLAIN_C, solver="liblinear", random_state=self.random_state).fit(rows, y)
        own = vars(self)
        self.coef_ = (own["coef_"] * ratios + plain.coef_) / 2
        self.intercept_ = (own["intercept_"] + plain.intercept_) / 2
        return self


def _ratios(rows: sparse.csr_matrix, flags: NDArray[np.bool_]) -> Floats:
    found = rows > 0
    p, q = (1 + np.asarray(found[part].sum(axis=0), dtype=np.float64).ravel() for part in (flags, ~flags))
    ratios: Floats = np.log((p / p.sum()) / (q / q.sum()))
    return ratios
