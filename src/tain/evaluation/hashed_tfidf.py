"""Frequencies of n-grams of characters or words, weighed by how few texts have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import MetricError
from tain.evaluation.char_ngrams import char_ngrams
from tain.evaluation.hashing import N_BUCKETS, Counts
from tain.evaluation.skeleton_ngrams import skeleton_ngrams
from tain.evaluation.word_ngrams import word_ngrams

if TYPE_CHECKING:
    from scipy import sparse

MAX_FEATURES = 200_000
MAX_CHARS = 20_000
BLOCK_TEXTS = 256

Count = Callable[[Sequence[str]], Counts]
NGRAM_BLOCKS: dict[str, tuple[Count, int]] = {
    "char": (char_ngrams, 25_000),
    "word": (word_ngrams, 50_000),
    "skeleton": (skeleton_ngrams, 50_000),
}
"""What `NgramTfidf` counts, and how many it keeps of each."""
Floats32 = NDArray[np.float32]


@dataclass(frozen=True)
class Vocabulary:
    """Which n-grams are kept, and the weight of each. Numpy is all it needs, so one text is weighed in milliseconds.

    Attributes:
        count: From texts to counts of n-grams.
        columns: Buckets of the n-grams kept, rising, shape (k,).
        idf: The inverse document frequency of each, shape (k,).
    """

    count: Count
    columns: NDArray[np.integer]
    idf: Floats32

    def weigh(self, texts: Sequence[str]) -> Counts:
        """The weight of each n-gram kept in each text; the squares of a text's weights sum to 1, or to 0 without any.

        Args:
            texts: n of them, normalised.

        Returns:
            As `Counts`, with the place in `columns` for the bucket and the weight for the count.
        """
        # Style shows in far less than a book, and one text of a hundred megabytes would hold up all others.
        found = self.count([text[:MAX_CHARS] for text in texts])
        places = np.minimum(np.searchsorted(self.columns, found.buckets), max(len(self.columns) - 1, 0))
        is_kept = self.columns[places] == found.buckets if len(self.columns) else np.zeros(len(places), dtype=bool)
        rows, places = found.rows[is_kept], places[is_kept]
        weights = (1 + np.log(found.counts[is_kept])) * self.idf[places]
        lengths = np.sqrt(np.bincount(rows, weights * weights, minlength=found.n_rows)).astype(np.float32)
        return Counts(rows, places, weights / lengths[rows], found.n_rows)


class HashedTfidf:
    """TF-IDF as in scikit-learn but hashed.

    Term frequency is 1 + log(count), times the smoothed inverse document frequency, each text of length 1. Hashing
    changes the AUROC of a linear model by less than 0.001 and takes a twentieth of the time.
    """

    def __init__(self, count: Count = char_ngrams, *, max_features: int = MAX_FEATURES, name: str = "TF-IDF") -> None:
        """Set it up; nothing is computed yet.

        Args:
            count: From texts to counts of n-grams; characters or words.
            max_features: The n-grams found in most texts, which are kept.
            name: What to call it in an error.
        """
        self._count = count
        self._max_features = max_features
        self._name = name
        self.vocabulary = Vocabulary(count, np.empty(0, dtype=np.intp), np.empty(0, dtype=np.float32))

    def fit_transform(self, texts: Sequence[str], *, seed: int = 0) -> sparse.csr_matrix:
        """The weights in the texts that the n-grams are chosen from, shape (n, at most `max_features`).

        Args:
            texts: n of them, normalised; the first 20,000 characters of each are read.
            seed: Not used, as nothing is drawn; other features need one.

        Raises:
            MetricError: If no two texts share an n-gram.
        """
        n_texts_with = np.zeros(N_BUCKETS, dtype=np.int64)
        for block in _blocks(texts):
            n_texts_with += np.bincount(self._count([text[:MAX_CHARS] for text in block]).buckets, minlength=N_BUCKETS)
        order = np.argsort(-n_texts_with, kind="stable")[: self._max_features]
        # What one text alone holds says nothing of others.
        columns = np.sort(order[n_texts_with[order] > 1])
        if not columns.size:
            raise MetricError(f"{self._name}: no n-gram is in two of the {len(texts)} texts. Are they empty?")
        idf = (np.log((1 + len(texts)) / (1 + n_texts_with[columns])) + 1).astype(np.float32)
        self.vocabulary = Vocabulary(self._count, columns, idf)
        return self.transform(texts)

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """The weights in other texts; one without a known n-gram is all zero.

        Args:
            texts: n of them, normalised as those it was fitted to.
        """
        from scipy import sparse

        width = len(self.vocabulary.columns)
        blocks = [_matrix(self.vocabulary.weigh(block), width) for block in _blocks(texts)]
        if not blocks:
            return sparse.csr_matrix(np.empty((0, width), dtype=np.float32))
        return sparse.csr_matrix(sparse.vstack(blocks, format="csr"))


class NgramTfidf:
    """Three blocks of n-grams side by side, each of length 1 in every text.

    Spelling and word forms from characters; choice and order of words from words, marks and pairs of them; how a text
    is built, whatever it is about, from skeletons.
    """

    def __init__(self) -> None:
        """Set it up; nothing is computed yet."""
        self.blocks = {
            name: HashedTfidf(count, max_features=size, name="n-grams") for name, (count, size) in NGRAM_BLOCKS.items()
        }

    def fit_transform(self, texts: Sequence[str], *, seed: int = 0) -> sparse.csr_matrix:
        """The weights in the texts that the n-grams are chosen from, block by block, shape (n, at most 125,000).

        Args:
            texts: n of them, normalised.
            seed: Not used, as nothing is drawn; other features need one.

        Raises:
            MetricError: If no two texts share an n-gram.
        """
        return _beside([block.fit_transform(texts) for block in self.blocks.values()])

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """The weights in other texts, shape (n, at most 125,000).

        Args:
            texts: n of them, normalised as those it was fitted to.
        """
        return _beside([block.transform(texts) for block in self.blocks.values()])


def _blocks(texts: Sequence[str]) -> list[Sequence[str]]:
    return [texts[start : start + BLOCK_TEXTS] for start in range(0, len(texts), BLOCK_TEXTS)]


def _matrix(found: Counts, width: int) -> sparse.csr_matrix:
    from scipy import sparse

    starts = np.searchsorted(found.rows, np.arange(found.n_rows + 1))
    return sparse.csr_matrix((found.counts, found.buckets.astype(np.int32), starts), shape=(found.n_rows, width))


def _beside(blocks: Sequence[sparse.csr_matrix]) -> sparse.csr_matrix:
    from scipy import sparse

    return sparse.csr_matrix(sparse.hstack(blocks, format="csr", dtype=np.float32))
