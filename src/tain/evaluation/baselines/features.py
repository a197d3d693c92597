"""Texts as rows of numbers, for classifiers that read no text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import StandardScaler

from tain.core.errors import MetricError
from tain.evaluation.hashed_tfidf import MAX_CHARS
from tain.evaluation.samples import Floats

MAX_WORDS = 400
N_DIMENSIONS = 128
MAX_DEVIATIONS = 5.0

Rows = Floats | sparse.csr_matrix


class Features(Protocol):
    """How texts become rows. What is learnt, such as a vocabulary, comes from the training texts alone."""

    def fit_transform(self, texts: Sequence[str], *, seed: int = 0) -> Rows:
        """The rows of the texts it learns from, shape (n, n_features)."""
        ...

    def transform(self, texts: Sequence[str]) -> Rows:
        """The rows of other texts, shape (n, n_features)."""
        ...


class WordTfidf:
    """TF-IDF of the 400 most frequent words, the rows of the code-authorship study.

    Source:
        Bisztray et al. 2025, arXiv:2506.17323, script 4. Differs: the vocabulary comes from the training texts alone,
        where theirs saw the test texts too.
    """

    def __init__(self, *, max_words: int = MAX_WORDS) -> None:
        """Set it up.

        Args:
            max_words: The words kept, by how often they occur.
        """
        self._vectoriser = TfidfVectorizer(max_features=max_words, dtype=np.float64)

    def fit_transform(self, texts: Sequence[str], *, seed: int = 0) -> Floats:
        """Shape (n, at most `max_words`), dense, each text of length 1.

        Raises:
            MetricError: If no text has a word of two letters or more.
        """
        try:
            weights = self._vectoriser.fit_transform(_beginnings(texts))
        except ValueError as error:
            raise MetricError(f"TF-IDF of words: none of the {len(texts)} texts has a word ({error}).") from error
        return np.asarray(weights.toarray())

    def transform(self, texts: Sequence[str]) -> Floats:
        """Shape (n, at most `max_words`); all zero without a known word."""
        return np.asarray(self._vectoriser.transform(_beginnings(texts)).toarray())


class Scaled:
    """Hand-made features, each with the training texts' mean at 0 and their deviation at 1."""

    def __init__(self, measure: Callable[[Sequence[str]], Floats]) -> None:
        """Set it up.

        Args:
            measure: From n texts to shape (n, n_features).
        """
        self._measure = measure
        self._scaler = StandardScaler()

    def fit_transform(self, texts: Sequence[str], *, seed: int = 0) -> Floats:
        """Shape (n, n_features)."""
        return self._within(self._scaler.fit_transform(self._measure(_beginnings(texts))))

    def transform(self, texts: Sequence[str]) -> Floats:
        """Shape (n, n_features), within five deviations."""
        return self._within(self._scaler.transform(self._measure(_beginnings(texts))))

    def _within(self, scaled: ArrayLike) -> Floats:
        # One odd number, such as the sentence length of a table, would otherwise outweigh all others of its text.
        return np.clip(np.asarray(scaled, dtype=np.float64), -MAX_DEVIATIONS, MAX_DEVIATIONS)


class Reduced:
    """Other features on their main axes, for learners that cannot do with thousands of columns."""

    def __init__(self, features: Features, *, n_dimensions: int = N_DIMENSIONS) -> None:
        """Set it up.

        Args:
            features: Sparse or dense.
            n_dimensions: Axes kept; fewer where there are fewer texts or columns.
        """
        self._features = features
        self._n_dimensions = n_dimensions
        self._axes: TruncatedSVD | None = None

    def fit_transform(self, texts: Sequence[str], *, seed: int = 0) -> Floats:
        """Shape (n, at most `n_dimensions`); `seed` draws the start of the decomposition."""
        rows = self._features.fit_transform(texts, seed=seed)
        n = max(1, min(self._n_dimensions, *(size - 1 for size in rows.shape)))
        self._axes = TruncatedSVD(n, random_state=seed)
        return np.asarray(self._axes.fit(rows).transform(rows), dtype=np.float64)

    def transform(self, texts: Sequence[str]) -> Floats:
        """Shape (n, at most `n_dimensions`)."""
        if self._axes is None:
            raise MetricError("The features have no axes yet. Call fit_transform first.")
        return np.asarray(self._axes.transform(self._features.transform(texts)), dtype=np.float64)


class Joined:
    """Several features side by side."""

    def __init__(self, *parts: Features) -> None:
        """Set it up.

        Args:
            parts: All dense.
        """
        self._parts = parts

    def fit_transform(self, texts: Sequence[str], *, seed: int = 0) -> Floats:
        """Shape (n, the sum of all n_features)."""
        return np.hstack([np.asarray(part.fit_transform(texts, seed=seed)) for part in self._parts])

    def transform(self, texts: Sequence[str]) -> Floats:
        """Shape (n, the sum of all n_features)."""
        return np.hstack([np.asarray(part.transform(texts)) for part in self._parts])


def _beginnings(texts: Sequence[str]) -> list[str]:
    return [text[:MAX_CHARS] for text in texts]
