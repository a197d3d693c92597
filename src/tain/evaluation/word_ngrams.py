"""Counts of words, punctuation marks and pairs of neighbours, hashed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tain.evaluation.ngrams import Hashes, bucketed, counts_of

_TOKEN = re.compile(r"\w+|[^\w\s]")
_PAIR = np.uint64(0x9FB21C651E98DF25)  # an odd number: other pairs have other products


def word_ngram_counts(texts: Sequence[str]) -> sparse.csr_matrix:
    """How often each token and each pair of neighbouring tokens is in each text, in lower case.

    Two of them may share a bucket, as in `ngram_counts`; there is no vocabulary here either.

    Args:
        texts: n of them.

    Returns:
        Shape (n, 2^20), float32, sorted indices.
    """
    return counts_of(texts, _cells)


def _cells(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    tokens = [_TOKEN.findall(text.lower()) for text in texts]
    hashes = np.array([_hash(token) for own in tokens for token in own], dtype=np.uint64)
    row_of = np.repeat(np.arange(len(texts)), [len(own) for own in tokens])
    inside = row_of[1:] == row_of[:-1]  # a pair does not run on into the next text
    pairs: Hashes = (hashes[:-1] * _PAIR + hashes[1:])[inside]
    return np.concatenate([row_of, row_of[1:][inside]]), bucketed(np.concatenate([hashes, pairs]))


@lru_cache(maxsize=100_000)
def _hash(token: str) -> int:
    return crc32(token.encode("utf-8", "surrogatepass"))
