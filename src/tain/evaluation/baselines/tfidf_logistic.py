"""The classic that a fine-tuned model must beat on the same rows to be worth its cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import LogisticRegression

from tain.core.errors import MetricError
from tain.evaluation.hashed_tfidf import MAX_FEATURES, HashedTfidf
from tain.evaluation.samples import Floats, as_is_ai, need_both_classes


class TfidfLogistic:
    """Logistic regression on the frequencies of character 2–4-grams: no network, under a minute on one core."""

    name = "TF-IDF + logistic regression"

    def __init__(self, *, inverse_penalty: float = 10.0, max_features: int = MAX_FEATURES) -> None:
        """Set it up; nothing is computed yet.

        Args:
            inverse_penalty: scikit-learn's C, above 0; higher fits the training texts more closely.
            max_features: The n-grams found in most texts, which are kept.
        """
        self._inverse_penalty = inverse_penalty
        self._features = HashedTfidf(max_features=max_features, name=self.name)
        self._model: LogisticRegression | None = None

    def fit(self, texts: Sequence[str], is_ai: ArrayLike, *, seed: int = 0) -> TfidfLogistic:
        """This detector, fitted.

        Args:
            texts: n of them, normalised as the detector it is compared with does.
            is_ai: Shape (n,), true for AI.
            seed: Of the solver.

        Raises:
            MetricError: If a class is absent, labels do not fit, or no two texts share an n-gram.
        """
        flags = as_is_ai(is_ai, n=len(texts))
        need_both_classes(flags, metric=self.name)
        weights = self._features.fit_transform(texts)
        model = LogisticRegression(C=self._inverse_penalty, solver="liblinear", random_state=seed)
        self._model = model.fit(weights, flags)
        return self

    def score(self, texts: Sequence[str]) -> Floats:
        """Logits, shape (n,), higher means AI.

        Args:
            texts: n of them, normalised as those it was fitted to.

        Raises:
            MetricError: If it was not fitted.
        """
        if self._model is None:
            raise MetricError(f"{self.name} has no weights yet. Call fit first.")
        if not len(texts):
            return np.empty(0)
        return np.asarray(self._model.decision_function(self._features.transform(texts)), dtype=np.float64)
