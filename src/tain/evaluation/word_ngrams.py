"""Words, punctuation marks and pairs of neighbours in texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np

from tain.evaluation.hashing import Counts, Hashes, count

_TOKEN = re.compile(r"\w+|[^\w\s]")
_PAIR = np.uint64(0x9FB21C651E98DF25)  # an odd number: other pairs have other products


def word_ngrams(texts: Sequence[str]) -> Counts:
    """How often each token and each pair of neighbouring tokens is in each text, in lower case.

    Args:
        texts: n of them.
    """
    tokens = [_TOKEN.findall(text.lower()) for text in texts]
    words: Hashes = np.array([_hash(token) for own in tokens for token in own], dtype=np.uint64)
    row_of = np.repeat(np.arange(len(texts)), [len(own) for own in tokens])
    inside = row_of[1:] == row_of[:-1]  # a pair does not run on into the next text
    pairs: Hashes = (words[:-1] * _PAIR + words[1:])[inside]
    return count(np.concatenate([row_of, row_of[1:][inside]]), np.concatenate([words, pairs]), n_rows=len(texts))


@lru_cache(maxsize=100_000)
def _hash(token: str) -> int:
    return crc32(token.encode("utf-8", "surrogatepass"))
