"""The threshold of one RAID domain, found as RAID's evaluator finds it and as an exact order statistic.

RAID walks from the mean of the human scores in steps that begin at one half, fifty of them at most. It never arrives
where scores are spread wider than that, and cannot where many tie. Both are shown: what the leaderboard will use, and
what the scores are worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tain.core.errors import MetricError
from tain.evaluation.intervals import Rate, rate
from tain.evaluation.samples import Floats, as_scores
from tain.evaluation.thresholds import check_target, fit_threshold

EPSILON = 0.0005
N_STEPS = 50
FIRST_STEP = 0.5
WRONG_WAY = 0.01


@dataclass(frozen=True, slots=True)
class DomainThreshold:
    """The two thresholds of one domain at one target.

    Attributes:
        domain: Its name.
        target_fpr: The rate allowed among its unattacked human texts.
        exact: The lowest threshold that keeps to the target; a text is flagged above it. None without human texts.
        exact_fpr: What it does to those texts.
        walk: Where RAID's search ends; a text is flagged at or above it. None where the search fails.
        walk_fpr: What it does to those texts.
        missed: Why RAID gives no result for the domain at this target; None when it does.
    """

    domain: str
    target_fpr: float
    exact: float | None
    exact_fpr: Rate
    walk: float | None
    walk_fpr: Rate
    missed: str | None


def domain_threshold(human_scores: ArrayLike, *, domain: str, target_fpr: float) -> DomainThreshold:
    """Both thresholds of a domain.

    Args:
        human_scores: Of its unattacked human texts, shape (n,), finite.
        domain: Its name.
        target_fpr: Between 0 and 1.

    Raises:
        MetricError: If a score is not finite, or the target is not between 0 and 1.
    """
    scores = as_scores(human_scores, name="human_scores")
    check_target(target_fpr)
    if not scores.size:
        reason = f"{domain} has no unattacked human text with a score; RAID refuses the whole file."
        none = Rate(0, 0, None, None, None, reason=reason)
        return DomainThreshold(domain, target_fpr, None, none, None, none, reason)
    exact, walk = fit_threshold(scores, target_fpr=target_fpr), walk_threshold(scores, target_fpr=target_fpr)
    exact_fpr = rate(int((scores > exact).sum()), scores.size, of="human texts")
    why = _why_missed(np.sort(scores), target_fpr, walk)
    missed = f"{domain}: {why}" if why else None
    if walk is None:
        return DomainThreshold(domain, target_fpr, exact, exact_fpr, None, Rate(0, 0, None, None, None, why), missed)
    walk_fpr = rate(int((scores >= walk).sum()), scores.size, of="human texts")
    return DomainThreshold(domain, target_fpr, exact, exact_fpr, walk, walk_fpr, missed)


def walk_threshold(human_scores: ArrayLike, *, target_fpr: float) -> float | None:
    """The threshold at which RAID's search ends, step for step; None where it stops with an error.

    A text is flagged at or above it.

    Args:
        human_scores: Shape (n,), n at least 1, finite.
        target_fpr: Between 0 and 1.

    Raises:
        MetricError: If there are no scores, or one is not finite.

    Source:
        Dugan et al. 2024, RAID, arXiv:2405.07940; raid-bench 0.2.0, `find_threshold`. Differs: nothing known.
    """
    scores = as_scores(human_scores, name="human_scores")
    if not scores.size:
        raise MetricError("No threshold can be searched for: there are no human scores. Give texts written by people.")
    ranked = np.sort(scores)
    threshold, step, previous = float(sum(scores.tolist()) / scores.size), FIRST_STEP, 0.0
    passed: list[tuple[float, float]] = []
    while abs((fpr := _share_at_or_above(ranked, threshold)) - target_fpr) > EPSILON:
        passed.append((threshold, fpr))
        gap = target_fpr - fpr
        # A gap of exactly 0 cannot come here, so 0 can stand for "no step before".
        if previous and (gap < 0) != (previous < 0):
            step *= -0.5
        elif previous and abs(gap) - abs(previous) > WRONG_WAY:
            step = -step
        threshold += step
        previous = gap
        if len(passed) == N_STEPS:
            return _best(passed, target_fpr)
    return threshold


def _best(passed: list[tuple[float, float]], target_fpr: float) -> float | None:
    gaps = [(target_fpr - fpr, threshold) for threshold, fpr in passed if fpr > 0]
    if not gaps:
        return None
    below = [each for each in gaps if each[0] >= 0]
    return min(below)[1] if below else max(gaps)[1]


def _share_at_or_above(ranked: Floats, threshold: float) -> float:
    n_below = int(np.searchsorted(ranked, threshold, side="left"))
    return 1 - n_below / len(ranked)


def _why_missed(ranked: Floats, target_fpr: float, walk: float | None) -> str | None:
    low, high, n = float(ranked[0]), float(ranked[-1]), len(ranked)
    if walk is None:
        return (
            f"RAID's evaluator stops with an error, as all {n:,} human texts score {high:g}; it refuses the whole file."
        )
    # RAID's own arithmetic, so that a rate on the edge of the tolerance falls on the same side.
    found = _share_at_or_above(ranked, walk)
    if found - target_fpr <= EPSILON:
        return None
    n_top = int((ranked == high).sum())
    if n_top == 1 and 1 / n - target_fpr > EPSILON:
        cause = f"it takes no threshold that flags nobody, and one of {n:,} human texts is more. Use more human texts"
    elif n_top / n - target_fpr > EPSILON:
        cause = f"{n_top:,} of {n:,} human texts share the highest score, {high:g}. Submit scores with more digits"
    else:
        cause = f"human scores run from {low:g} to {high:g}, too far for its steps. Map scores to 0 to 1, order kept"
    return f"RAID's search ends at a false positive rate of {found:.2%} instead of {target_fpr:.0%}: {cause}."
