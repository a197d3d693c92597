"""The singular values of a matrix, and what is read off them.

Sources: effective rank as the rank that holds 90% of the squared mass, Biderman et al. 2024, arXiv:2405.09673, who
speak of explained variance; that squared singular values are meant is our reading. Stable rank: Rudelson and Vershynin
2007, Sampling from large matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import ConfigError, DataError

Vector = NDArray[np.float64]
Matrix = NDArray[np.floating]
ROUNDING = 1e-12


@dataclass(frozen=True)
class Spectrum:
    """Singular values.

    Attributes:
        values: Falling, none below 0, shape (at most the shorter side of the matrix,). Those that a product of thin
            factors cannot have are left out: they are 0.
    """

    values: Vector

    @property
    def nuclear(self) -> float:
        """The sum of the singular values."""
        return float(self.values.sum())

    @property
    def frobenius(self) -> float:
        """The root of the sum of their squares, which is that of all entries of the matrix."""
        return float(np.linalg.norm(self.values))

    @property
    def spectral(self) -> float:
        """The largest; 0 for a matrix of zeros."""
        return float(self.values.max(initial=0.0))

    @property
    def stable_rank(self) -> float | None:
        """Squared mass over the largest squared value, from 1 to the rank; None for a matrix of zeros."""
        return float((self.values / self.spectral) @ (self.values / self.spectral)) if self.spectral > 0 else None

    def effective_rank(self, share: float = 0.9) -> int:
        """The smallest k whose first k squared values hold a share of the squared mass; 0 for a matrix of zeros.

        Args:
            share: Above 0, at most 1.

        Raises:
            ConfigError: If the share is outside.
        """
        if not 0 < share <= 1:
            raise ConfigError(f"share is {share}, expected a number above 0 and at most 1, such as 0.9.")
        if not self.spectral > 0:
            return 0
        mass = np.cumsum((self.values / self.spectral) ** 2)
        # Sums round: nine tenths of ten equal values are nine of them, whatever the last bit says.
        return int(np.argmax(mass >= share * mass[-1] * (1 - ROUNDING))) + 1


def spectrum_of(matrix: Matrix) -> Spectrum:
    """The singular values of a matrix.

    Args:
        matrix: Shape (rows, columns).

    Raises:
        DataError: If it is no matrix, or holds a number that is none.

    Cost: O(rows columns min(rows, columns)), in float64.
    """
    return Spectrum(np.linalg.svd(sound(matrix), compute_uv=False).astype(np.float64, copy=False))


def spectrum_of_product(left: Matrix, right: Matrix) -> Spectrum:
    """The singular values of a product of thin factors, which is never formed.

        left = Q1 R1,   right' = Q2 R2,   so left right = Q1 (R1 R2') Q2' has the singular values of R1 R2'

    Args:
        left: B, shape (rows, r), with any scale in it.
        right: A, shape (r, columns).

    Returns:
        At most r values.

    Raises:
        DataError: If shapes do not fit, or a number is none.

    Cost: O((rows + columns) r²).
    """
    left, right = sound(left), sound(right)
    if left.shape[1] != right.shape[0]:
        raise DataError(f"Factors have shapes {left.shape} and {right.shape}; expected (rows, r) and (r, columns).")
    return spectrum_of(triangle(left) @ triangle(right.T).T)


def triangle(matrix: Matrix) -> NDArray[np.float64]:
    """R of a QR decomposition, which has the singular values and right singular vectors of the matrix."""
    # The stubs of numpy know the other modes only.
    found: NDArray[np.float64] = np.asarray(np.linalg.qr(matrix, mode="r"))
    return found


def sound(matrix: Matrix) -> NDArray[np.float64]:
    """A matrix in float64.

    Raises:
        DataError: If it is no matrix, or holds a number that is none.
    """
    found = np.asarray(matrix, dtype=np.float64)
    if found.ndim != 2 or not found.size:
        raise DataError(f"A weight of shape {found.shape} has no singular values; expected two dimensions, none 0.")
    if not np.isfinite(found).all():
        raise DataError("A weight matrix holds NaN or infinity, so it has no singular values. Train at a lower rate.")
    return found
