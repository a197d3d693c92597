"""A saturating curve through errors at several numbers of training texts.

    error(n) = a + b n^-c,   a >= 0,  b >= 0,  0.05 <= c <= 3

a is the error that no number of such texts goes below. For one c the other two are found in closed form, so that
a grid over c finds the best start for whole samples of curves at once; bounded least squares finish the one that is
reported. Source of the form: Hestness et al. 2017, arXiv:1712.00409; Viering and Loog 2021, arXiv:2103.10948, review
where it holds and where curves rise or have dips, which it cannot follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

Vector = NDArray[np.float64]
EXPONENTS: Vector = np.geomspace(0.05, 3.0, 180)


@dataclass(frozen=True)
class SaturatingCurve:
    """error(n) = floor + gain (n / unit)^-exponent.

    Attributes:
        floor: a, at least 0.
        gain: What falls away, at n = unit; b is gain unit^exponent.
        exponent: c.
        unit: Number of texts.
    """

    floor: float
    gain: float
    exponent: float
    unit: float

    def error(self, n: float) -> float:
        """The error at n texts.

        Args:
            n: Above 0.
        """
        return float(self.floor + self.gain * (n / self.unit) ** -self.exponent)

    def n_for(self, error: float) -> float:
        """The number of texts at which the error is reached; infinite where the floor is no lower."""
        if error <= self.floor:
            return float("inf")
        return float(self.unit * (self.gain / (error - self.floor)) ** (1 / self.exponent))

    def slopes(self, sizes: Vector) -> NDArray[np.float64]:
        """Derivatives of the error by floor, gain and exponent, shape (n_points, 3)."""
        falls = (sizes / self.unit) ** -self.exponent
        return np.stack([np.ones_like(falls), falls, -self.gain * falls * np.log(sizes / self.unit)], axis=1)


def fit_curve(sizes: Vector, errors: Vector) -> SaturatingCurve:
    """The curve of the least squared distance.

    Args:
        sizes: Number of texts of each point, shape (n_points,), above 0.
        errors: Shape (n_points,).
    """
    unit = float(np.min(sizes))
    start = fit_many(sizes, errors[None, :])[0]
    bounds = (np.array([0.0, 0.0, EXPONENTS[0]]), np.array([np.inf, np.inf, EXPONENTS[-1]]))

    def gaps(values: Vector) -> Vector:
        return np.asarray(values[0] + values[1] * (sizes / unit) ** -values[2] - errors)

    # A start on a bound would be moved by the solver anyway.
    inside = np.clip(start, bounds[0] + 1e-12, bounds[1] - 1e-12)
    scale = np.maximum(np.abs(inside), 1e-3 * float(np.abs(errors).max(initial=1e-9)))
    found = least_squares(gaps, inside, bounds=bounds, x_scale=scale, xtol=1e-14, ftol=1e-14, gtol=1e-14)
    best = found.x if 2 * found.cost <= float((gaps(start) ** 2).sum()) else start
    return SaturatingCurve(float(best[0]), float(best[1]), float(best[2]), unit)


def fit_many(sizes: Vector, errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Floor, gain at the smallest size and exponent, the last from a grid, of many curves at the same sizes.

    Args:
        sizes: Shape (n_points,).
        errors: Shape (n_curves, n_points).

    Returns:
        Shape (n_curves, 3).

    Cost: O(n_curves n_points) for each of 180 exponents.
    """
    falls = (sizes / sizes.min())[None, :] ** -EXPONENTS[:, None]
    n, s_x, s_xx = len(sizes), falls.sum(axis=1), (falls**2).sum(axis=1)
    s_y, s_xy = errors.sum(axis=1)[:, None], errors @ falls.T
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = (n * s_xy - s_x * s_y) / (n * s_xx - s_x**2)
    floor = (s_y - gain * s_x) / n
    is_inside = (gain >= 0) & (floor >= 0)
    # Outside, the best lies on an edge: no floor, or no gain.
    edges = (
        (np.zeros_like(floor), np.maximum(s_xy / s_xx, 0)),
        (np.maximum(s_y / n, 0) + 0 * floor, np.zeros_like(gain)),
    )
    tries = [(np.where(is_inside, floor, np.nan), np.where(is_inside, gain, np.nan)), *edges]
    losses = [n * a**2 + 2 * a * b * s_x + b**2 * s_xx - 2 * a * s_y - 2 * b * s_xy for a, b in tries]
    table = np.where(np.isnan(np.stack(losses)), np.inf, np.stack(losses))  # (3, n_curves, n_exponents)
    kind, place = np.divmod(table.transpose(1, 0, 2).reshape(len(errors), -1).argmin(axis=1), len(EXPONENTS))
    rows = np.arange(len(errors))
    floors, gains = (np.stack([each[part] for each in tries])[kind, rows, place] for part in (0, 1))
    return np.stack([floors, gains, EXPONENTS[place]], axis=1)
