"""What points must be before a learning curve is laid through them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import linregress

from tain.core.errors import DataError, MetricError

Vector = NDArray[np.float64]
FEWEST_SIZES, FEWEST_POINTS, LEAST_SPAN = 4, 6, 4.0
P_FALLS = 0.05


def sound(sizes: NDArray[np.number], errors: NDArray[np.floating]) -> tuple[Vector, Vector]:
    """Sizes and errors in float64.

    Raises:
        DataError: If shapes do not fit, or a number is none.
        MetricError: If there are too few points, or they lie too close together.
    """
    n, y = np.asarray(sizes, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if n.ndim != 1 or n.shape != y.shape:
        raise DataError(f"Sizes have shape {n.shape} and errors {y.shape}; expected (n_points,) for both.")
    if not (np.isfinite(n).all() and np.isfinite(y).all() and (n > 0).all() and (y >= 0).all()):
        raise DataError("Sizes must be numbers above 0 and errors numbers not below 0.")
    n_sizes = len(np.unique(n))
    if n_sizes < FEWEST_SIZES or len(n) < FEWEST_POINTS:
        raise MetricError(
            f"There are {len(n)} points at {n_sizes} sizes, too few for a curve of three numbers. Expected "
            f"{FEWEST_POINTS} or more at {FEWEST_SIZES} or more sizes; train with more sizes or seeds."
        )
    if n.max() < LEAST_SPAN * n.min():
        raise MetricError(
            f"The sizes go from {n.min():,.0f} to {n.max():,.0f}, too close together for a curve. Expected the largest "
            f"to be {LEAST_SPAN:g} times the smallest or more."
        )
    return n, y


def require_falling(sizes: Vector, errors: Vector) -> None:
    """Return only if the error falls with the logarithm of the size, beyond chance (one-sided t-test of the slope).

    Raises:
        MetricError: If it does not, so that any curve would be made of noise.
    """
    p = 1.0 if np.ptp(errors) == 0 else float(linregress(np.log(sizes), errors, alternative="less").pvalue)
    if not p < P_FALLS:
        raise MetricError(
            f"The error does not fall with the number of texts beyond chance (p = {p:.2f}, expected below {P_FALLS}), "
            "so nothing can be said of more of them. Add seeds or larger sizes, or look for other texts."
        )
