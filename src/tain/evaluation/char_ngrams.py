"""Character n-grams of texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tain.evaluation.hashing import Counts, Hashes, count

_MULTIPLIER = np.uint64(1_000_003)


def char_ngrams(texts: Sequence[str], *, sizes: tuple[int, ...] = (2, 3, 4)) -> Counts:
    """How often each n-gram is in each text. No vocabulary is learnt, so texts are counted before anything is fitted.

    Args:
        texts: n of them.
        sizes: Lengths of the n-grams in characters, rising.
    """
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    row_of = np.repeat(np.arange(len(texts)), lengths)
    n_left = np.repeat(np.cumsum(lengths), lengths) - np.arange(codes.size)
    rows, hashes = [], []
    for size in sizes:
        hashed = _hashed(codes, size)
        inside = n_left[: hashed.size] >= size  # an n-gram does not run on into the next text
        rows.append(row_of[: hashed.size][inside])
        hashes.append(hashed[inside])
    return count(np.concatenate(rows), np.concatenate(hashes), n_rows=len(texts))


def _hashed(codes: Hashes, size: int) -> Hashes:
    n = max(codes.size - size + 1, 0)
    hashed = np.full(n, size, dtype=np.uint64)
    for i in range(size):
        hashed = hashed * _MULTIPLIER + codes[i : i + n]  # unsigned: it wraps around
    return hashed
