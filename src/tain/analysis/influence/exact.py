"""Exact: the damped Fisher matrix of each block, inverted.

    direction = (G + λI)^-1 v,   G = (1/n) Σ g_i g_i' = X'X / n

by Cholesky where d ≤ n, and by Woodbury's identity where n < d, so that the matrix has min(n, d) rows:

    (X'X/n + λI)^-1 v  =  (v - X' (XX' + nλI)^-1 X v) / λ

What all other estimators of a block's curvature are held against. Exact as to the algebra: G stands for the Hessian,
and blocks are taken as independent. Source: Koh and Liang 2017, arXiv:1703.04730; as a yardstick: Kwon et al. 2024,
arXiv:2310.00902. Differs: a symmetric solve, where the authors' code takes a general eigendecomposition and casts it
to real numbers. Cost: O(nd min(n, d)) time and 8 min(n, d)² bytes.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from tain.analysis.influence.blocks import Block, Rows, Vector, chunks, times, weighted_sum
from tain.analysis.influence.estimator import DampedSettings, Estimator, EstimatorSettings, damping_of
from tain.core.errors import ConfigError

CHUNK_BYTES = 1 << 26
LARGEST = 20_000
"""Rows of the largest matrix that is solved: 3.2 GB."""


class Exact(Estimator[DampedSettings]):
    """One symmetric solve for each block."""

    kind: ClassVar[str] = "exact"
    settings_type: ClassVar[type[EstimatorSettings]] = DampedSettings

    def direction(self, block: Block) -> Vector:
        """The solution of (G + λI) r = v.

        Raises:
            ConfigError: If both texts and parameters are more than 20,000.
        """
        n, d = block.train.shape
        if min(n, d) > LARGEST:
            raise ConfigError(
                f"--estimator exact would solve a system of {min(n, d):,} rows for {block.name}; at most {LARGEST:,} "
                "are solved. Use --project with fewer dimensions, fewer texts, or --estimator datainf."
            )
        damping = damping_of(block, self.settings.damping)
        solve = solve_directly if d <= n else solve_by_woodbury
        return solve(block.train, block.valid, damping=damping)


def solve_directly(rows: Rows, vector: Vector, *, damping: float) -> Vector:
    """(X'X/n + λI)^-1 v by a system of d rows.

    Args:
        rows: X, shape (n, d).
        vector: v, shape (d,).
        damping: λ, above 0.
    """
    matrix = np.zeros((rows.shape[1],) * 2)
    for _, part in chunks(rows, n_bytes=CHUNK_BYTES):
        matrix += part.T @ part
    return _solved(matrix / len(rows), vector, damping=damping)


def solve_by_woodbury(rows: Rows, vector: Vector, *, damping: float) -> Vector:
    """(X'X/n + λI)^-1 v by a system of n rows; arguments as in `solve_directly`."""
    inner = _solved(_gram(rows), times(rows, vector), damping=len(rows) * damping)
    return (vector - weighted_sum(rows, inner)) / damping


def _gram(rows: Rows) -> NDArray[np.float64]:
    n, d = rows.shape
    matrix = np.zeros((n, n))
    step = max(1, CHUNK_BYTES // (8 * n))
    for start in range(0, d, step):
        part = np.asarray(rows[:, start : start + step], dtype=np.float64)
        matrix += part @ part.T
    return matrix


def _solved(matrix: NDArray[np.float64], vector: Vector, *, damping: float) -> Vector:
    matrix[np.diag_indices_from(matrix)] += damping
    solution: Vector = cho_solve(cho_factor(matrix, lower=True, overwrite_a=True), vector)
    return solution
