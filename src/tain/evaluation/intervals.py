"""Rates with their counts and the interval that the counts support."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

from tain.core.errors import MetricError

CONFIDENCE = 0.95

Interval = Callable[[int, int], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of a counted whole.

    Attributes:
        k: How many of `n` have the property.
        n: How many were looked at.
        value: k / n, or None when n is 0.
        low: Lower end of the interval, or None when n is 0.
        high: Upper end of the interval, or None when n is 0.
        reason: Why there is no value; None when there is one.
    """

    k: int
    n: int
    value: float | None
    low: float | None
    high: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number that is no plain share, with an interval where one could be had.

    Attributes:
        value: The number, or None when the sample does not define it.
        low: Lower end of the interval, or None.
        high: Upper end of the interval, or None.
        reason: Why there is no value; None when there is one.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str | None = None


def clopper_pearson(k: int, n: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a rate: it covers the truth at least as often as it says, at any n.

    Args:
        k: Successes, 0 to n.
        n: Trials, at least 1.
        confidence: Share of samples whose interval holds the truth, between 0 and 1.

    Returns:
        Lower and upper end, each between 0 and 1.

    Raises:
        MetricError: If the counts are impossible or n is 0.

    Source:
        Clopper and Pearson 1934, Biometrika 26(4).
    """
    from scipy.stats import beta  # half a second, which a check of one text does not need

    _check(k, n, confidence)
    tail = (1 - confidence) / 2
    low = 0.0 if k == 0 else float(beta.ppf(tail, k, n - k + 1))
    return low, upper_bound(k, n, confidence=1 - tail)


def upper_bound(k: int, n: int, *, confidence: float = CONFIDENCE) -> float:
    """The one-sided Clopper–Pearson bound: "at most this", as for a false positive rate.

    Args:
        k: Errors, 0 to n.
        n: Trials, at least 1.
        confidence: Share of samples whose bound is not below the truth, between 0 and 1.

    Raises:
        MetricError: If the counts are impossible or n is 0.
    """
    from scipy.stats import beta  # half a second, which a check of one text does not need

    _check(k, n, confidence)
    return 1.0 if k == n else float(beta.ppf(confidence, k + 1, n - k))


def wilson(k: int, n: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The score interval of a rate: narrower than the exact one, right on average over rates.

    Args:
        k: Successes, 0 to n.
        n: Trials, at least 1.
        confidence: Share of samples whose interval holds the truth, between 0 and 1.

    Returns:
        Lower and upper end, each between 0 and 1.

    Raises:
        MetricError: If the counts are impossible or n is 0.

    Source:
        Wilson 1927, JASA 22(158).
    """
    from scipy.stats import norm  # half a second, which a check of one text does not need

    _check(k, n, confidence)
    z2 = float(norm.ppf((1 + confidence) / 2)) ** 2
    centre = (k + z2 / 2) / (n + z2)
    half = sqrt(z2 * (k * (n - k) / n + z2 / 4)) / (n + z2)
    # At the ends the formula is exact on paper and off by a rounding error in floats.
    return 0.0 if k == 0 else max(0.0, centre - half), 1.0 if k == n else min(1.0, centre + half)


def rate(k: int, n: int, *, of: str, interval: Interval = clopper_pearson) -> Rate:
    """The share k / n with its interval, or with the reason why there is none.

    Args:
        k: How many have the property, 0 to n.
        n: How many were looked at; 0 gives a Rate without value.
        of: What is counted, in the plural, for the reason.
        interval: Takes k and n, gives the two ends.

    Raises:
        MetricError: If the counts are impossible.
    """
    if n == 0 and k == 0:
        return Rate(0, 0, None, None, None, reason=f"There are no {of}.")
    low, high = interval(k, n)
    return Rate(k, n, k / n, low, high)


def _check(k: int, n: int, confidence: float) -> None:
    if n < 1 or not 0 <= k <= n:
        raise MetricError(f"No interval for {k} of {n}. Expected at least one trial and 0 to n successes.")
    if not 0 < confidence < 1:
        raise MetricError(f"confidence is {confidence}; expected a number between 0 and 1, such as 0.95.")
