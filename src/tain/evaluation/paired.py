"""Two detectors' decisions on the same texts: where they part, and whether chance could part them so."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tain.core.errors import MetricError
from tain.evaluation.intervals import CONFIDENCE, Estimate, t_quantile
from tain.evaluation.samples import Floats, as_groups

EXACT_BELOW = 25
"""With fewer discordant groups than this every way they could have fallen is counted."""


@dataclass(frozen=True, slots=True)
class DecisionTest:
    """Whether one detector is right more often than another.

    Attributes:
        of: Which texts, in the plural.
        n: Texts that both decided.
        n_only_first: Right by the first detector alone.
        n_only_second: Right by the second alone.
        difference: Share right by the first minus share right by the second; None without texts.
        p_value: Two-sided, that they are right equally often; None without texts.
        is_exact: Whether it was counted or taken from the normal.
    """

    of: str
    n: int
    n_only_first: int
    n_only_second: int
    difference: Estimate
    p_value: float | None
    is_exact: bool


def mcnemar(
    first_right: ArrayLike,
    second_right: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    of: str = "texts",
    confidence: float = CONFIDENCE,
) -> DecisionTest:
    """McNemar's test of two detectors' decisions on the same texts.

    Texts that both decide alike say nothing about the difference. Each group's balance of the others could as well
    have had the other sign, were the detectors alike; without repeated groups that is McNemar's test. Small counts
    are worked out exactly.

    Args:
        first_right: Shape (n,), true where the first detector is right.
        second_right: Shape (n,), true where the second is.
        groups: Shape (n,), one name per text; None makes each text its own group.
        of: Which texts, in the plural.
        confidence: Of the interval of the difference, between 0 and 1.

    Raises:
        MetricError: If the arrays do not fit.

    Source:
        McNemar 1947, Psychometrika 12(2); for groups Durkalski et al. 2003, Statistics in Medicine 22(15). The
        interval adds one text to each kind, as Bonett and Price 2012, J. Educational and Behavioral Statistics 37(4).
    """
    first, second = _flags(first_right), _flags(second_right)
    if first.shape != second.shape:
        raise MetricError(f"The detectors decided {first.size} and {second.size} texts; expected the same texts.")
    index, n_groups = as_groups(groups, n=first.size)
    if not first.size:
        return DecisionTest(of, 0, 0, 0, Estimate(None, reason=f"There are no {of}."), None, True)
    sums = np.bincount(index, weights=first.astype(np.float64) - second, minlength=n_groups)
    balance = np.asarray(sums, dtype=np.float64)
    counts = int((first & ~second).sum()), int((second & ~first).sum())
    difference = _difference(counts, balance, np.bincount(index, minlength=n_groups), confidence)
    p_value, is_exact = sign_flip_p(balance)
    return DecisionTest(of, first.size, *counts, difference, p_value, is_exact)


def sign_flip_p(balance: ArrayLike) -> tuple[float, bool]:
    """The two-sided p-value that the groups' balances lean to neither side, and whether it is exact.

    Args:
        balance: For each group a whole number, shape (n_groups,).
    """
    values = np.asarray(balance, dtype=np.float64)
    sizes = np.abs(values[values != 0]).astype(np.int64)
    seen = abs(int(values.sum()))
    if not sizes.size:
        return 1.0, True
    if sizes.size < EXACT_BELOW:
        return _counted_p(sizes, seen), True
    from scipy.stats import norm

    return float(2 * norm.sf(seen / sqrt(float(np.sum(sizes**2))))), False


def _counted_p(sizes: NDArray[np.int64], seen: int) -> float:
    """The share of all sign patterns whose sum is at least as far from 0: sums are added up size by size."""
    total = int(sizes.sum())
    ways = np.zeros(2 * total + 1)  # ways[total + s] patterns have the sum s
    ways[total] = 1
    for size in sizes.tolist():
        ways = np.roll(ways, size) + np.roll(ways, -size)
    sums = np.abs(np.arange(-total, total + 1))
    return min(1.0, float(ways[sums >= seen].sum() / ways.sum()))


def _difference(counts: tuple[int, int], balance: Floats, sizes: NDArray[np.intp], confidence: float) -> Estimate:
    n, n_groups = int(sizes.sum()), sizes.size
    value = (counts[0] - counts[1]) / n
    shares = (counts[0] + 1) / (n + 2), (counts[1] + 1) / (n + 2)
    centre = shares[0] - shares[1]
    variance = (shares[0] + shares[1] - centre**2) / (n + 2)
    if n_groups < n:
        variance *= max(1.0, _inflation(balance, sizes, value))
    half = t_quantile(n_groups - 1 if n_groups > 1 else None, confidence=confidence) * sqrt(variance)
    return Estimate(value, max(-1.0, centre - half), min(1.0, centre + half))


def _inflation(balance: Floats, sizes: NDArray[np.intp], value: float) -> float:
    """How much wider groups make the variance of a mean of -1, 0 and 1 than that of as many single texts."""
    n, n_groups = sizes.sum(), sizes.size
    discordant = float(np.sum(np.abs(balance)))
    single = (discordant / n - value**2) / n
    grouped = float(np.sum((balance - value * sizes) ** 2)) / n**2 * n_groups / max(n_groups - 1, 1)
    return grouped / single if single > 0 else 1.0


def _flags(right: ArrayLike) -> NDArray[np.bool_]:
    array = np.asarray(right)
    if array.ndim != 1:
        raise MetricError(f"Decisions have shape {array.shape}; expected one per text, shape (n,).")
    return array.astype(np.bool_)
