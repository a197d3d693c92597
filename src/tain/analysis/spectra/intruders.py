"""Intruder dimensions: strong directions of a tuned matrix that its base did not have.

    u_1 ... u_k: left singular vectors of the tuned matrix, the largest singular values first
    u_j intrudes  if  max_i |<u_j, v_i>| < epsilon   over all left singular vectors v_i of the base

Source: Shuttleworth et al. 2024, arXiv:2410.21228, who count them with low-rank adapters and hardly ever with full
fine-tuning. Differs: vectors of singular values that are 0 up to rounding are no directions of a matrix, and are left
out on both sides. Where singular values lie close together, rounding and the smallest change turn their vectors among
themselves, so that some of the base's own directions may look new: read counts beside the similarities, and against
those of a control.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tain.analysis.spectra.spectrum import Matrix, Spectrum, Vector, sound, triangle


def left_vectors(matrix: Matrix) -> tuple[NDArray[np.float64], Spectrum]:
    """Left singular vectors of the singular values above 0, and all singular values.

    Args:
        matrix: Shape (rows, columns).

    Returns:
        Vectors in columns, shape (rows, rank).

    Cost: O(rows columns min(rows, columns)); of a wide matrix the other vectors are not computed.
    """
    own = sound(matrix)
    is_wide = own.shape[1] > own.shape[0]
    vectors, values, _ = np.linalg.svd(triangle(own.T).T if is_wide else own, full_matrices=False)
    least = values.max() * max(matrix.shape) * np.finfo(np.float64).eps
    return vectors[:, values > least], Spectrum(values)


def similarities(base: NDArray[np.float64], tuned: NDArray[np.float64], *, n_vectors: int = 10) -> Vector:
    """How much each of the strongest directions of a tuned matrix is like the one of its base most like it.

    Args:
        base: Left singular vectors of the base in columns, shape (rows, rank).
        tuned: Those of the tuned matrix, the largest singular values first.
        n_vectors: k; where there are fewer, all.

    Returns:
        Absolute cosines from 0 to 1, shape (at most k,). Below epsilon, such as 0.5, the direction intrudes.
    """
    cosines = np.abs(tuned[:, :n_vectors].T @ base)
    nearest: Vector = np.minimum(cosines.max(axis=1, initial=0.0), 1.0)
    return nearest
