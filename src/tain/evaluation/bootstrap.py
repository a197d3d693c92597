"""Intervals by drawing whole groups anew: a human text and its mirrors are in a draw together or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tain.core.errors import MetricError
from tain.evaluation.decisions import Confusion
from tain.evaluation.intervals import CONFIDENCE, Estimate, clopper_pearson, logit_interval
from tain.evaluation.ranking import MAX_FPR, rescaled
from tain.evaluation.samples import Flags, Floats, Indices, as_groups, as_sample, need_both_classes
from tain.evaluation.thresholds import check_target

N_DRAWS = 1000
BLOCK_CELLS = 1 << 20  # draws x texts held at once: 8 MB an array, which stays near the processor

Counts = NDArray[np.int64]
Steps = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How to draw: equal settings give equal draws, so two detectors on the same texts are compared in pairs.

    Attributes:
        n_draws: How many samples are drawn, at least 2.
        seed: Of the random numbers.
    """

    n_draws: int = N_DRAWS
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse too few draws."""
        if self.n_draws < 2:
            raise MetricError(f"n_draws is {self.n_draws}; an interval needs 2 or more, and 1,000 to be steady.")

    def weights(self, n_groups: int, *, n_texts: int) -> Iterator[Counts]:
        """How often each group is in each draw, in blocks of draws.

        Args:
            n_groups: Groups to draw from, at least 1; each draw takes as many, with replacement.
            n_texts: Texts that the caller will spread the weights over; it sets the size of a block.

        Yields:
            Arrays of shape (draws in this block, n_groups).
        """
        rng = np.random.default_rng(self.seed)
        n_block = max(1, BLOCK_CELLS // max(n_texts, n_groups))
        for start in range(0, self.n_draws, n_block):
            n_rows = min(n_block, self.n_draws - start)
            # int32 takes half the time; the rows are told apart by an offset, so that one bincount does them all.
            drawn = rng.integers(n_groups, size=(n_rows, n_groups), dtype=np.int32).astype(np.int64)
            cells = drawn + np.arange(n_rows)[:, None] * n_groups
            yield np.bincount(cells.ravel(), minlength=n_rows * n_groups).reshape(n_rows, n_groups)


@dataclass(frozen=True, slots=True)
class RankingDraws:
    """How well every draw is ranked; NaN where a draw lacks a class.

    Attributes:
        auroc: Shape (n_draws,).
        auprc: Average precision, shape (n_draws,).
        pauroc: AUROC below a false positive rate of 5%, rescaled, shape (n_draws,).
        tpr: For each target false positive rate, shape (n_draws,). The threshold is the one that new human texts
            exceed at the target rate on average: with j of n texts above it that is (j + 1) / (n + 1), between two
            texts in proportion. The share of the same texts, j / n, would set it too low.
    """

    auroc: Floats
    auprc: Floats
    pauroc: Floats
    tpr: Mapping[float, Floats]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first detector minus the second, on the same texts.

    Attributes:
        auroc: Of the AUROCs.
        tpr: Of the TPRs, by target false positive rate.
        p_auroc: Two-sided p-value that the AUROCs do not differ, from the draws; never below 1 / (n_draws + 1).
    """

    auroc: Estimate
    tpr: Mapping[float, Estimate]
    p_auroc: float


def ranking_draws(
    scores: ArrayLike,
    is_ai: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    target_fprs: Sequence[float] = (),
    bootstrap: Bootstrap = Bootstrap(),
) -> RankingDraws:
    """AUROC, AUPRC and TPR at fixed FPR in every draw; the threshold is taken anew from each draw's human texts.

    Args:
        scores: Shape (n,), higher means AI.
        is_ai: Shape (n,), true for AI.
        groups: Shape (n,), one name per text; None draws single texts.
        target_fprs: Each between 0 and 1.
        bootstrap: How to draw.

    Raises:
        MetricError: If a class is absent, or scores, labels and groups do not fit.

    Cost:
        Time O(n_draws * n); memory a few blocks of 8 MB.
    """
    values, flags = as_sample(scores, is_ai)
    need_both_classes(flags, metric="A bootstrap of AUROC")
    for target in target_fprs:
        check_target(target)
    index, n_groups = as_groups(groups, n=values.size)
    ranked = _Ranked.of(values, flags, index)
    blocks = [ranked.measure(weights, target_fprs) for weights in bootstrap.weights(n_groups, n_texts=values.size)]
    table = np.concatenate(blocks, axis=1)
    tprs = dict(zip(target_fprs, table[3:], strict=True))
    return RankingDraws(auroc=table[0], auprc=table[1], pauroc=table[2], tpr=tprs)


def confusion_draws(
    called_ai: Flags,
    is_ai: Flags,
    *,
    groups: ArrayLike | None = None,
    bootstrap: Bootstrap = Bootstrap(),
) -> Mapping[str, Counts]:
    """The four counts of a confusion table in every draw.

    Args:
        called_ai: Shape (n,), n at least 1.
        is_ai: Shape (n,), true for AI.
        groups: Shape (n,), one name per text; None draws single texts.
        bootstrap: How to draw.

    Returns:
        Counts by the names of `Confusion`, each of shape (n_draws,).

    Raises:
        MetricError: If labels and groups do not fit.
    """
    index, n_groups = as_groups(groups, n=called_ai.size)
    outcome = np.where(called_ai, np.where(is_ai, 0, 1), np.where(is_ai, 2, 3))
    per_group = np.bincount(index * 4 + outcome, minlength=n_groups * 4).reshape(n_groups, 4).astype(np.float64)
    # Whole numbers this small are exact as floats, whose products are many times faster.
    blocks = [weights.astype(np.float64) @ per_group for weights in bootstrap.weights(n_groups, n_texts=n_groups)]
    table = np.concatenate(blocks).astype(np.int64)
    return {name: table[:, i] for i, name in enumerate(Confusion.__dataclass_fields__)}


def mean_draws(values: Floats, *, groups: ArrayLike | None = None, bootstrap: Bootstrap = Bootstrap()) -> Floats:
    """The mean of every draw, shape (n_draws,).

    Args:
        values: Shape (n,), n at least 1.
        groups: Shape (n,), one name per text; None draws single texts.
        bootstrap: How to draw.

    Raises:
        MetricError: If values and groups do not fit.
    """
    index, n_groups = as_groups(groups, n=values.size)
    sums = [np.bincount(index, weights=part, minlength=n_groups) for part in (values, np.ones_like(values))]
    per_group = np.stack(sums, axis=1)
    blocks = [weights.astype(np.float64) @ per_group for weights in bootstrap.weights(n_groups, n_texts=n_groups)]
    table = np.concatenate(blocks)
    return np.asarray(table[:, 0] / table[:, 1])


def percentile_interval(draws: Floats, *, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """The middle of the draws, or None when fewer than half of them are defined.

    Args:
        draws: Shape (n_draws,); NaN where undefined.
        confidence: Share of draws inside, between 0 and 1.
    """
    defined = draws[~np.isnan(draws)]
    if 2 * defined.size < draws.size:
        return None
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def interval_of_draws(value: float, draws: Floats, *, n_least: int, df: float | None = None) -> Estimate:
    """A number between 0 and 1 with the interval that its draws' spread gives, taken on the logit scale.

    The plain percentiles of a bootstrap hold the truth too seldom where samples are small or numbers near 1
    (docs/adr/0010); the standard error from the same draws does not have that fault.

    Args:
        value: On the undrawn sample.
        draws: Shape (n_draws,); NaN where undefined.
        n_least: Texts of the rarer class, for the interval of a value of exactly 0 or 1.
        df: Degrees of freedom of the standard error; None takes the normal.
    """
    defined = draws[~np.isnan(draws)]
    if 2 * defined.size < draws.size:
        return Estimate(value)
    if not 0 < value < 1:
        return Estimate(value, *clopper_pearson(n_least if value >= 1 else 0, n_least))
    return Estimate(value, *logit_interval(value, float(defined.std()), df=df))


def paired_difference(first: RankingDraws, second: RankingDraws, *, point: Mapping[float | str, float]) -> Difference:
    """The difference of two detectors whose draws were made alike.

    Args:
        first: Draws of the one detector.
        second: Draws of the other, of the same texts with the same groups and `Bootstrap`.
        point: The differences on the undrawn sample: under "auroc" and under each target.

    Raises:
        MetricError: If the two were not drawn alike.
    """
    if first.auroc.size != second.auroc.size or list(first.tpr) != list(second.tpr):
        raise MetricError("The two detectors were not drawn alike. Use the same texts, groups, targets and Bootstrap.")
    gap = first.auroc - second.auroc
    tpr = {t: _estimate(point[t], first.tpr[t] - second.tpr[t]) for t in first.tpr}
    gap_defined = gap[~np.isnan(gap)]
    n_tail = min(int((gap_defined <= 0).sum()), int((gap_defined >= 0).sum()))
    p_value = min(1.0, 2 * (n_tail + 1) / (gap_defined.size + 1))
    return Difference(_estimate(point["auroc"], gap), tpr, p_value)


def _estimate(value: float, draws: Floats) -> Estimate:
    low, high = percentile_interval(draws) or (None, None)
    return Estimate(value, low, high)


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Texts from the highest score to the lowest, with the last position of each run of ties."""

    group_index: Indices
    is_ai: Flags
    ends: Indices

    @classmethod
    def of(cls, scores: Floats, is_ai: Flags, group_index: Indices) -> _Ranked:
        order = np.argsort(-scores, kind="stable")
        ends = np.append(np.flatnonzero(np.diff(scores[order])), scores.size - 1)
        return cls(group_index[order], is_ai[order], ends)

    def measure(self, weights: Counts, target_fprs: Sequence[float]) -> Floats:
        """The three areas and each TPR, shape (3 + n_targets, n_draws); one row of `weights` is one draw."""
        # int32 halves the traffic to memory, which is what this costs; a draw holds far fewer than 2^31 texts.
        of_text = np.take(weights.astype(np.int32), self.group_index, axis=1)
        n_either = np.cumsum(of_text, axis=1, dtype=np.int32)[:, self.ends]
        n_ai = np.cumsum(of_text * self.is_ai, axis=1, dtype=np.int32)[:, self.ends]
        n_human = n_either - n_ai
        total_ai, total_human = n_ai[:, -1].astype(np.float64), n_human[:, -1].astype(np.float64)
        total_ai[total_ai == 0] = np.nan
        total_human[total_human == 0] = np.nan
        step_ai = np.diff(n_ai, axis=1, prepend=0)
        areas = [
            _auroc_rows(n_ai, n_human, step_ai) / (total_ai * total_human),
            np.sum(step_ai * (n_ai / np.maximum(n_either, 1)), axis=1) / total_ai + 0 * total_human,
            _pauroc_rows(n_ai, n_human) / (total_ai * total_human),
        ]
        tprs = [_n_found(n_ai, n_human, target) / total_ai + 0 * total_human for target in target_fprs]
        return np.stack([*areas[:2], rescaled(areas[2], MAX_FPR), *tprs])


def _auroc_rows(n_ai: Steps, n_human: Steps, step_ai: Steps) -> Floats:
    # The area under steps from corner to corner: each run of ties is a trapezoid.
    step_human = np.diff(n_human, axis=1, prepend=0)
    return np.asarray(np.sum(step_human * (n_ai - step_ai / 2), axis=1))


def _pauroc_rows(n_ai: Steps, n_human: Steps) -> Floats:
    stop = MAX_FPR * n_human[:, -1:]
    # Later runs lie past the limit in every draw.
    n_runs = int(np.max((n_human < stop).sum(axis=1))) + 1
    x, y = n_human[:, :n_runs].astype(np.float64), n_ai[:, :n_runs].astype(np.float64)
    x_before, y_before = np.pad(x, ((0, 0), (1, 0)))[:, :-1], np.pad(y, ((0, 0), (1, 0)))[:, :-1]
    width = np.clip(stop - x_before, 0, x - x_before)
    part = np.divide(width, x - x_before, out=np.zeros_like(width), where=x > x_before)
    return np.asarray(np.sum(width * (y_before + part * (y - y_before) / 2), axis=1))


def _n_found(n_ai: Steps, n_human: Steps, target_fpr: float) -> Floats:
    place = target_fpr * (n_human[:, -1] + 1.0)
    whole = np.floor(place + 1e-9)
    part = np.maximum(place - whole, 0)
    found = (1 - part) * _n_above(n_ai, n_human, whole - 1) + part * _n_above(n_ai, n_human, whole)
    return np.asarray(found)


def _n_above(n_ai: Steps, n_human: Steps, n_allowed: Floats) -> Floats:
    """AI texts found with so many human texts above the threshold; none where not even none is allowed."""
    n_runs = (n_human <= n_allowed[:, None]).sum(axis=1)
    # A draw without AI or human texts is NaN by its total; the index only has to be valid.
    found = np.take_along_axis(n_ai, np.maximum(n_runs - 1, 0)[:, None], axis=1)[:, 0]
    return np.where(n_runs > 0, found, 0).astype(np.float64)
