"""A block of per-text gradients, and products with it that read a few rows at a time.

X (n, d) holds the gradient of each training text in one block of parameters. It may be memory-mapped and larger than
memory: each product goes through it in chunks of rows that stay in the processor's cache, in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import DataError

Vector = NDArray[np.float64]
Rows = NDArray[np.floating]
CACHED_BYTES, HELD_BYTES = 1 << 20, 1 << 26


@dataclass(frozen=True)
class Block:
    """One block of parameters: an adapter's matrix, or a layer of the head.

    Attributes:
        name: Of the parameter, or of the layer whose weight and bias it holds.
        train: X, the loss gradient of each training text, shape (n_train, d), float32; may be memory-mapped.
        valid: v, the mean gradient over the validation texts, shape (d,).
        n_parameters: Of the block before any projection; None takes d.
        rate: Sum of the learning rates that the gradients stand for; only TracIn reads it.
    """

    name: str
    train: Rows
    valid: Vector
    n_parameters: int | None = None
    rate: float = 1.0

    def __post_init__(self) -> None:
        """Refuse shapes that do not belong together, and numbers that are none.

        Raises:
            DataError: With the block and what is wrong with it.
        """
        if self.train.ndim != 2 or not len(self.train) or self.valid.shape != self.train.shape[1:]:
            raise DataError(
                f"{self.name}: training gradients have shape {self.train.shape} and validation gradients "
                f"{self.valid.shape}; expected (n_train, d) with n_train above 0, and (d,)."
            )
        if not np.isfinite(self.valid).all():
            raise DataError(f"{self.name}: a validation gradient holds NaN or infinity. Train again at a lower rate.")

    @property
    def size(self) -> int:
        """The number of parameters before any projection."""
        return self.train.shape[1] if self.n_parameters is None else self.n_parameters

    @cached_property
    def products(self) -> Vector:
        """X v, shape (n_train,), in one pass.

        Raises:
            DataError: If a gradient is not finite.
        """
        return _finite(times(self.train, self.valid))

    @cached_property
    def squared_norms(self) -> Vector:
        """|g_i|² of each training text, shape (n_train,), in the same pass as `products`.

        Raises:
            DataError: If a gradient is not finite.
        """
        products, norms = np.empty(len(self.train)), np.empty(len(self.train))
        for place, part in chunks(self.train):
            products[place] = part @ self.valid
            norms[place] = np.einsum("ij,ij->i", part, part)
        _finite(norms)
        self.__dict__["products"] = products
        return norms


def chunks(rows: Rows, *, n_bytes: int | None = None) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Consecutive rows in float64, with their place.

    Args:
        rows: Shape (n, d).
        n_bytes: Of a chunk, which has at least one row; None takes what a processor's cache holds.

    Yields:
        A place and its rows, which the next chunk may overwrite.
    """
    step = max(1, (n_bytes or CACHED_BYTES) // (8 * rows.shape[1]))
    buffer = np.empty((min(step, len(rows)), rows.shape[1]))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        place = slice(start, start + len(part))
        yield place, _wide(part, buffer[: len(part)])


def _wide(part: Rows, place: NDArray[np.float64]) -> NDArray[np.float64]:
    if part.dtype == np.float64:
        return part.view(np.float64)
    np.copyto(place, part)
    return place


def widened(rows: Rows) -> Rows:
    """The same rows for many passes: in float64 and in memory if they take no more than 64 MB there."""
    return np.asarray(rows, dtype=np.float64) if 8 * rows.size <= HELD_BYTES else rows


def times(rows: Rows, vector: Vector) -> Vector:
    """X v, shape (n,)."""
    return np.concatenate([part @ vector for _, part in chunks(rows)])


def weighted_sum(rows: Rows, weights: Vector) -> Vector:
    """X' w, shape (d,)."""
    total = np.zeros(rows.shape[1])
    for place, part in chunks(rows):
        total += weights[place] @ part
    return total


def curvature_times(rows: Rows, vector: Vector) -> Vector:
    """G v with the Fisher matrix G = X'X / n, in one pass, shape (d,)."""
    total = np.zeros(rows.shape[1])
    for _, part in chunks(rows):
        total += (part @ vector) @ part
    return total / len(rows)


def _finite(values: Vector) -> Vector:
    if not np.isfinite(values).all():
        raise DataError(
            f"The gradient of training text {int(np.argmin(np.isfinite(values)))} (from 0) holds NaN or infinity. "
            "Train again at a lower rate."
        )
    return values
