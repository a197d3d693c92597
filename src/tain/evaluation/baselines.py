"""Classical detectors to beat: no network, a minute on one core."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from tain.core.errors import MetricError
from tain.evaluation.samples import Floats, as_is_ai, need_both_classes

MAX_FEATURES = 100_000
MAX_CHARS = 20_000


class TfidfLogistic:
    """Logistic regression on the frequencies of character 2–4-grams.

    The classic that a fine-tuned model must beat on the same rows to be worth its cost.
    """

    name = "TF-IDF + logistic regression"

    def __init__(self, *, inverse_penalty: float = 10.0, max_features: int = MAX_FEATURES) -> None:
        """Set it up; nothing is computed yet.

        Args:
            inverse_penalty: scikit-learn's C, above 0; higher fits the training texts more closely.
            max_features: The most frequent n-grams that are kept.
        """
        self._vectoriser = TfidfVectorizer(
            analyzer="char",
            ngram_range=(2, 4),
            lowercase=False,
            sublinear_tf=True,
            max_features=max_features,
            dtype=np.float32,
        )
        self._inverse_penalty = inverse_penalty
        self._model: LogisticRegression | None = None

    def fit(self, texts: Sequence[str], is_ai: ArrayLike, *, seed: int = 0) -> TfidfLogistic:
        """This detector, fitted.

        Args:
            texts: n of them, normalised as the detector it is compared with does.
            is_ai: Shape (n,), true for AI.
            seed: Of the solver.

        Raises:
            MetricError: If a class is absent, labels do not fit, or no text has two characters.
        """
        flags = as_is_ai(is_ai, n=len(texts))
        need_both_classes(flags, metric=self.name)
        try:
            matrix = self._vectoriser.fit_transform(_cut(texts))
        except ValueError as error:
            raise MetricError(f"{self.name} found no character pair in {len(texts)} texts. Are they empty?") from error
        model = LogisticRegression(C=self._inverse_penalty, solver="liblinear", random_state=seed)
        self._model = model.fit(matrix, flags)
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
        matrix = self._vectoriser.transform(_cut(texts))
        return np.asarray(self._model.decision_function(matrix), dtype=np.float64)


def _cut(texts: Sequence[str]) -> list[str]:
    # One text of a hundred megabytes would take an hour; style shows in far less.
    return [text[:MAX_CHARS] for text in texts]
