"""The AI text nearest in meaning to each human text: a stand-in for a mirror where no generator is at hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import DataError

Floats = NDArray[np.floating]
NONE_LEFT = -1
CHUNK_CELLS = 1 << 24  # similarities in memory at once: 64 MB


@dataclass(frozen=True, slots=True)
class Nearest:
    """Which text of a bank stands in for each query.

    Attributes:
        indices: Place in the bank, or -1 where none is left, shape (n_queries,).
        similarities: Cosine in [-1, 1]; NaN where none is left, shape (n_queries,).
    """

    indices: NDArray[np.int64]
    similarities: NDArray[np.float64]


def nearest_once(queries: Floats, bank: Floats, *, taken: Iterable[int] = (), min_similarity: float = -1.0) -> Nearest:
    """The nearest bank text by cosine for each query, in the order of the queries, each bank text used once.

    Earlier queries choose first, so put the texts that matter most in front. Of equally near texts the first is taken.

    Args:
        queries: Embeddings, shape (n_queries, d).
        bank: Embeddings, shape (n_bank, d).
        taken: Places in the bank that are used up already.
        min_similarity: A text farther away than this stands in for nothing, in [-1, 1].

    Raises:
        DataError: If the widths differ or a number is not finite.

    Cost:
        Time O(n_queries * n_bank * d); memory 64 MB beside the embeddings.

    Source:
        Retrieval instead of generation; the published loop, arXiv:2402.14873, writes a mirror for each text.
    """
    _check(queries, bank)
    unit_bank = _unit(bank)
    is_taken = np.zeros(len(bank), dtype=np.bool_)
    is_taken[list(taken)] = True
    indices = np.full(len(queries), NONE_LEFT, dtype=np.int64)
    similarities = np.full(len(queries), np.nan)
    n_rows = max(1, CHUNK_CELLS // max(1, len(bank)))
    for start in range(0, len(queries), n_rows):
        block = _unit(queries[start : start + n_rows]) @ unit_bank.T
        for offset, row in enumerate(block):
            if is_taken.all():
                break
            row[is_taken] = -np.inf
            best = int(np.argmax(row))
            if row[best] >= min_similarity - 1e-6:  # rounding may put the same vector at 0.9999999
                indices[start + offset], similarities[start + offset] = best, float(row[best])
                is_taken[best] = True
    return Nearest(indices, similarities)


def _unit(vectors: Floats) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms == 0, 1, norms), dtype=np.float32)


def _check(queries: Floats, bank: Floats) -> None:
    if queries.ndim != 2 or bank.ndim != 2 or queries.shape[1] != bank.shape[1]:
        raise DataError(
            f"The embeddings have shapes {queries.shape} and {bank.shape}; expected (n_queries, d) and (n_bank, d). "
            "Embed both with the same backbone."
        )
    if not (np.isfinite(queries).all() and np.isfinite(bank).all()):
        raise DataError("An embedding holds NaN or infinity. Embed the texts again, in float32.")
