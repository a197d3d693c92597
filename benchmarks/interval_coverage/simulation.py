"""Samples with a known truth, and how often an interval holds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

from tain.evaluation.bootstrap import (
    Bootstrap,
    confusion_draws,
    interval_of_draws,
    percentile_interval,
)
from tain.evaluation.comparison import draws_of, ranking_of
from tain.evaluation.decisions import confusion_at, f1, f1_macro
from tain.evaluation.delong import auroc_with_interval, compare_aurocs
from tain.evaluation.intervals import Interval, rate_in_groups, wilson
from tain.evaluation.paired import mcnemar
from tain.evaluation.prevalence import prevalence
from tain.evaluation.slices import ScoredTexts

Floats = NDArray[np.float64]
Ends = tuple[float | None, float | None]
LOW, HIGH = 0.94, 0.97


@dataclass(frozen=True)
class Sample:
    """Scores of n human and n AI texts.

    Attributes:
        scores: Human first, shape (2 n,).
        is_ai: Shape (2 n,).
        groups: Pairs of one human and one AI text where they belong together, else every text alone.
    """

    scores: Floats
    is_ai: NDArray[np.bool_]
    groups: NDArray[np.intp]

    @property
    def texts(self) -> ScoredTexts:
        return ScoredTexts(self.scores, self.is_ai, self.groups)


def draw(rng: np.random.Generator, *, n_human: int, n_ai: int, gap: float, is_paired: bool = False) -> Sample:
    """Normal scores; AI texts lie `gap` higher. Pairs share half of their variance."""
    scores = rng.normal(size=n_human + n_ai)
    groups = np.arange(n_human + n_ai)
    if is_paired:
        groups = np.tile(np.arange(n_human), 2)
        scores = np.sqrt(0.5) * scores + np.sqrt(0.5) * rng.normal(size=n_human)[groups]
    is_ai = np.arange(n_human + n_ai) >= n_human
    return Sample(scores + gap * is_ai, is_ai, groups)


def gap_of_auroc(auroc: float) -> float:
    return float(np.sqrt(2) * norm.ppf(auroc))


def auroc_of_pairs(auroc: float, n: int) -> float:
    """What the AUROC of n pairs estimates: their own member is compared too, and is more alike."""
    own = float(norm.cdf(gap_of_auroc(auroc)))
    return (auroc * (n - 1) + own) / n


def coverage(ends: Iterator[Ends], truth: float) -> float:
    """The share of intervals that hold the truth; one that could not be had does not."""
    held = [low is not None and high is not None and low <= truth <= high for low, high in ends]
    return float(np.mean(held))


def exact_coverage(interval: Interval, n: int, shares: Sequence[float]) -> list[float]:
    """Of a rate at each true share, summed over all counts."""
    low, high = np.array([interval(k, n) for k in range(n + 1)]).T
    counts = np.arange(n + 1)
    return [float(binom.pmf(counts, n, share)[(low <= share) & (share <= high)].sum()) for share in shares]


def grouped_rate(
    rng: np.random.Generator, n_draws: int, *, n_groups: int, size: int, share: float, likeness: float
) -> tuple[float, float]:
    """Coverage of the interval that knows of groups, and of the one that does not; group rates are beta."""
    a, b = share * (1 - likeness) / likeness, (1 - share) * (1 - likeness) / likeness
    groups = np.repeat(np.arange(n_groups), size)
    hits = rng.random((n_draws, n_groups * size)) < np.repeat(rng.beta(a, b, (n_draws, n_groups)), size, axis=1)
    found = [rate_in_groups(row, groups, of="texts") for row in hits]
    known = coverage(((each.low, each.high) for each in found), share)
    return known, coverage((wilson(each.k, each.n) for each in found), share)


def auroc_closed(rng: np.random.Generator, n_draws: int, *, n: int, auroc: float, is_paired: bool) -> float:
    truth = auroc_of_pairs(auroc, n) if is_paired else auroc

    def ends() -> Iterator[Ends]:
        for _ in range(n_draws):
            sample = draw(rng, n_human=n, n_ai=n, gap=gap_of_auroc(auroc), is_paired=is_paired)
            found = auroc_with_interval(sample.scores, sample.is_ai, groups=sample.groups)
            yield found.low, found.high

    return coverage(ends(), truth)


def auroc_drawn(
    rng: np.random.Generator, n_draws: int, bootstrap: Bootstrap, *, n: int, auroc: float, is_paired: bool
) -> tuple[float, float]:
    """Coverage of the Report's interval, and of plain percentiles of the same draws."""
    truth = auroc_of_pairs(auroc, n) if is_paired else auroc
    ours, plain = [], []
    for _ in range(n_draws):
        texts = draw(rng, n_human=n, n_ai=n, gap=gap_of_auroc(auroc), is_paired=is_paired).texts
        draws = draws_of(texts, bootstrap=bootstrap)
        found = ranking_of(texts, draws).auroc
        ours.append((found.low, found.high))
        plain.append(percentile_interval(draws.auroc) or (None, None) if draws else (None, None))
    return coverage(iter(ours), truth), coverage(iter(plain), truth)


def tpr_at_fpr(
    rng: np.random.Generator, n_draws: int, bootstrap: Bootstrap, *, n: int, target: float, tpr: float
) -> float:
    """Coverage of the Report's interval of TPR where the human texts of the test set the threshold."""
    gap = float(norm.ppf(1 - target) + norm.ppf(tpr))

    def ends() -> Iterator[Ends]:
        for _ in range(n_draws):
            texts = draw(rng, n_human=n, n_ai=n, gap=gap).texts
            ranking = ranking_of(texts, draws_of(texts, bootstrap=bootstrap))
            found = next(at.tpr for at in ranking.tpr_at_fpr if at.target_fpr == target)
            yield found.low, found.high

    return coverage(ends(), tpr)


def auroc_difference(
    rng: np.random.Generator, n_draws: int, *, n: int, aurocs: tuple[float, float], is_paired: bool
) -> tuple[float, float]:
    """Coverage, and how often DeLong's test says that the two differ; their scores share 60% of the variance."""
    own = [auroc_of_pairs(auroc, n) if is_paired else auroc for auroc in aurocs]
    found = []
    for _ in range(n_draws):
        first = draw(rng, n_human=n, n_ai=n, gap=0.0, is_paired=is_paired)
        scores = [
            np.sqrt(0.6) * first.scores + np.sqrt(0.4) * rng.normal(size=2 * n) + gap_of_auroc(auroc) * first.is_ai
            for auroc in aurocs
        ]
        found.append(compare_aurocs(*scores, first.is_ai, groups=first.groups))
    held = coverage(((each.difference.low, each.difference.high) for each in found), own[0] - own[1])
    return held, float(np.mean([each.p_value < 0.05 for each in found]))


def decisions(
    rng: np.random.Generator, n_draws: int, bootstrap: Bootstrap, *, n: int, fpr: float, tpr: float
) -> dict[str, float]:
    """Coverage of F1, macro F1 and balanced accuracy at a threshold that was set before."""
    gap, threshold = float(norm.ppf(1 - fpr) + norm.ppf(tpr)), float(norm.ppf(1 - fpr))
    truth = {"f1": 2 * tpr / (1 + tpr + fpr), "balanced": (tpr + 1 - fpr) / 2}
    truth["macro"] = (truth["f1"] + 2 * (1 - fpr) / (2 - fpr + 1 - tpr)) / 2
    ends: dict[str, list[Ends]] = {name: [] for name in truth}
    for _ in range(n_draws):
        sample = draw(rng, n_human=n, n_ai=n, gap=gap)
        confusion = confusion_at(sample.scores, sample.is_ai, threshold=threshold)
        drawn = confusion_draws(sample.scores > threshold, sample.is_ai, bootstrap=bootstrap)
        tp, fp, fn, tn = (drawn[name].astype(np.float64) for name in ("tp", "fp", "fn", "tn"))
        of_ai, of_human = 2 * tp / (2 * tp + fp + fn), 2 * tn / (2 * tn + fp + fn)
        points = {
            "f1": (f1(confusion).value, of_ai),
            "macro": (f1_macro(confusion).value, (of_ai + of_human) / 2),
            "balanced": ((confusion.tp + confusion.tn) / (2 * n), (tp / (tp + fn) + tn / (tn + fp)) / 2),
        }
        for name, (value, draws) in points.items():
            found = interval_of_draws(value or 0.0, draws, n_least=n)
            ends[name].append((found.low, found.high))
    return {name: coverage(iter(ends[name]), truth[name]) for name in truth}


def decision_difference(
    rng: np.random.Generator, n_draws: int, *, n: int, first: float, second: float, both: float
) -> tuple[float, float]:
    """Coverage of the difference of two detectors' rates, and how often McNemar's test says that they differ."""
    shares = [both, first - both, second - both, 1 - first - second + both]
    found = []
    for counts in rng.multinomial(n, shares, size=n_draws):
        right = np.repeat([[True, True], [True, False], [False, True], [False, False]], counts, axis=0)
        found.append(mcnemar(right[:, 0], right[:, 1]))
    held = coverage(((each.difference.low, each.difference.high) for each in found), first - second)
    return held, float(np.mean([each.p_value is not None and each.p_value < 0.05 for each in found]))


def prevalence_of(
    rng: np.random.Generator, n_draws: int, *, n: int, share: float, fpr: float, tpr: float, n_known: int
) -> float:
    """Coverage of the corrected share of AI texts; both error rates are measured on `n_known` texts each."""

    def ends() -> Iterator[Ends]:
        for _ in range(n_draws):
            flagged = int(rng.binomial(n, share * tpr + (1 - share) * fpr))
            counts = [(int(rng.binomial(n_known, rate)), n_known) for rate in (fpr, tpr)]
            found = prevalence(flagged, n, false_positives=counts[0], true_positives=counts[1])
            yield found.low, found.high

    return coverage(ends(), share)
