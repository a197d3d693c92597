"""Rates with their counts and the interval that the counts support.

Two-sided intervals of rates are Wilson's, which hold the truth in 95 of 100 samples; a one-sided claim such as "at
most this false positive rate" is Clopper–Pearson's, which never promises too much (docs/adr/0010).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import ArrayLike

from tain.core.errors import MetricError
from tain.evaluation.samples import Flags, as_groups

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


def wilson(k: float, n: float, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The score interval of a rate: it holds the truth as often as it says, on average over rates.

    Args:
        k: Successes, 0 to n; need not be whole.
        n: Trials, at least 1; need not be whole.
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


def rate(k: int, n: int, *, of: str, interval: Interval = wilson) -> Rate:
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


def rate_in_groups(hits: Flags, groups: ArrayLike | None, *, of: str, confidence: float = CONFIDENCE) -> Rate:
    """The share of hits, with an interval that knows that texts of one group go together.

    Ten essays by one author say less than ten by ten. The variance between groups gives the number of independent
    texts that would be as telling, and Wilson's interval is taken for that number. Without repeated groups it is
    Wilson's own.

    Args:
        hits: Shape (n,), true where a text has the property.
        groups: Shape (n,), one name per text; None makes each text its own group.
        of: What is counted, in the plural, for the reason.
        confidence: Between 0 and 1.

    Raises:
        MetricError: If there is not one group per text.

    Source:
        Korn and Graubard 1998, Survey Methodology 24(2). Differs: Wilson's interval in place of Clopper–Pearson's,
        and where no or every text is a hit, as many independent texts as if a group were one text.
    """
    k, n = int(np.count_nonzero(hits)), hits.size
    index, n_groups = as_groups(groups, n=n)
    if n_groups == n:
        return rate(k, n, of=of, interval=lambda k, n: wilson(k, n, confidence=confidence))
    n_alone = effective_n(np.bincount(index, weights=hits), np.bincount(index), confidence=confidence)
    low, high = wilson(k / n * n_alone, n_alone, confidence=confidence)
    return Rate(k, n, k / n, low, high)


def effective_n(hits: ArrayLike, sizes: ArrayLike, *, confidence: float = CONFIDENCE) -> float:
    """How many independent texts would tell a rate as well as these groups do; at least 1, at most all texts.

    Args:
        hits: Hits in each group, shape (n_groups,).
        sizes: Texts in each group, shape (n_groups,), with a sum of at least 1.
        confidence: Of the interval that it is for: few groups count for less.
    """
    from scipy.stats import norm, t

    k, m = np.asarray(hits, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    n, n_groups = m.sum(), int(np.count_nonzero(m))
    share = k.sum() / n
    if n_groups < 2 or share in (0, 1):
        return float(n**2 / np.sum(m**2))
    between = np.sum((k - share * m) ** 2) * n_groups / (n_groups - 1) / n**2
    tail = (1 + confidence) / 2
    few = (float(norm.ppf(tail)) / float(t.ppf(tail, n_groups - 1))) ** 2
    return float(np.clip(few * share * (1 - share) / between, 1, n)) if between else float(n)


def logit_interval(
    value: float, error: float, *, df: float | None = None, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """The interval of a number between 0 and 1, taken on the logit scale so that it stays there.

    Close to 1 an estimate cannot be far too high but can be far too low; a symmetric interval, and the plain
    percentiles of a bootstrap, hold the truth too seldom.

    Args:
        value: Between 0 and 1, neither included.
        error: Standard error of the value, 0 or more.
        df: Degrees of freedom of the standard error, for Student's t; None takes the normal.
        confidence: Between 0 and 1.
    """
    centre, half = log(value / (1 - value)), t_quantile(df, confidence=confidence) * error / (value * (1 - value))
    return _logistic(centre - half), _logistic(centre + half)


def t_quantile(df: float | None, *, confidence: float = CONFIDENCE) -> float:
    """How many standard errors a two-sided interval reaches to each side.

    Args:
        df: Degrees of freedom, at least 1; None takes the normal.
        confidence: Between 0 and 1.
    """
    from scipy.stats import norm, t

    tail = (1 + confidence) / 2
    return float(norm.ppf(tail) if df is None else t.ppf(tail, max(df, 1.0)))


def _logistic(x: float) -> float:
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def _check(k: float, n: float, confidence: float) -> None:
    if n < 1 or not 0 <= k <= n:
        raise MetricError(f"No interval for {k} of {n}. Expected at least one trial and 0 to n successes.")
    if not 0 < confidence < 1:
        raise MetricError(f"confidence is {confidence}; expected a number between 0 and 1, such as 0.95.")
