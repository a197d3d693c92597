"""The test cut into parts, worst first: where an average hides what happens to some texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tain.core.errors import MetricError
from tain.evaluation.delong import auroc_with_interval
from tain.evaluation.intervals import Estimate, Rate, rate, rate_in_groups
from tain.evaluation.parts import PoolRow, SliceRow, SliceTable
from tain.evaluation.samples import Flags, Floats, Indices

N_SMALL = 50

Names = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class ScoredTexts:
    """The texts of a test, those without a score included.

    Attributes:
        scores: Shape (n,); NaN where the detector abstained.
        is_ai: Shape (n,).
        groups: Shape (n,), numbers.
    """

    scores: Floats
    is_ai: Flags
    groups: Indices

    @property
    def has_score(self) -> Flags:
        """Shape (n,), true where there is one."""
        return ~np.isnan(self.scores)

    def select(self, keep: Flags) -> ScoredTexts:
        """The texts whose flag is true, in order.

        Args:
            keep: Shape (n,).
        """
        return ScoredTexts(self.scores[keep], self.is_ai[keep], self.groups[keep])


def slice_table(name: str, values: Names, *, texts: ScoredTexts, threshold: float | None) -> SliceTable:
    """The test cut by one property, worst first.

    Worst means the highest mean of the two error rates at the threshold; without one, the lowest AUROC.

    Args:
        name: The property.
        values: Shape (n,); None where it is not known.
        texts: n of them.
        threshold: Of the default operating point; None when there is none.

    Raises:
        MetricError: If there is not one value per text.
    """
    members = _members(name, values, n=texts.scores.size)
    all_human = texts.select(texts.has_score & ~texts.is_ai)
    rows = [_slice_row(value, texts.select(mask), all_human, threshold) for value, mask in members.items()]
    rows.sort(key=lambda row: (-_badness(row), row.value))
    return SliceTable(name=name, rows=tuple(rows), n_unknown=sum(value is None for value in values))


def pool_table(values: Names, *, texts: ScoredTexts, thresholds: Sequence[float], worst_at: int) -> tuple[PoolRow, ...]:
    """False positive rates by kind of human text, the highest first.

    Args:
        values: Shape (n,); None where it is not known.
        texts: n of them; AI texts are left out.
        thresholds: One per operating point.
        worst_at: Position of the threshold that rows are sorted by.

    Raises:
        MetricError: If there is not one value per text.
    """
    members = _members("pools", values, n=texts.scores.size)
    rows = [_pool_row(value, texts.select(mask & ~texts.is_ai), thresholds) for value, mask in members.items()]
    rows = [row for row in rows if row.coverage.n]
    rows.sort(key=lambda row: (-_value(row.fprs[worst_at], -1.0) if row.fprs else 0.0, row.pool))
    return tuple(rows)


def _members(name: str, values: Names, *, n: int) -> dict[str, Flags]:
    if len(values) != n:
        raise MetricError(f"The slice {name!r} has {len(values)} values, but there are {n} scores. Give one per score.")
    array = np.array([None if value is None else str(value) for value in values], dtype=object)
    return {value: array == value for value in sorted({value for value in array if value is not None})}


def _slice_row(value: str, texts: ScoredTexts, all_human: ScoredTexts, threshold: float | None) -> SliceRow:
    scored = texts.select(texts.has_score)
    human, ai = scored.select(~scored.is_ai), scored.select(scored.is_ai)
    n_human, n_ai = human.scores.size, ai.scores.size
    auroc, against_own = _auroc(scored, all_human)
    return SliceRow(
        value=value,
        n_human=n_human,
        n_ai=n_ai,
        coverage=rate(scored.scores.size, texts.scores.size, of="texts"),
        auroc=auroc,
        auroc_against="own" if against_own else "all",
        fpr=rate_above(human, threshold, of="human texts"),
        tpr=rate_above(ai, threshold, of="AI texts"),
        is_small=any(0 < n < N_SMALL for n in (n_human, n_ai)) or not scored.scores.size,
    )


def _auroc(scored: ScoredTexts, all_human: ScoredTexts) -> tuple[Estimate, bool]:
    is_ai_only = bool(scored.is_ai.size) and bool(scored.is_ai.all())
    if is_ai_only:
        pairs = zip(*((t.scores, t.is_ai, t.groups) for t in (scored, all_human)), strict=True)
        scored = ScoredTexts(*(np.concatenate(pair) for pair in pairs))
    try:
        return auroc_with_interval(scored.scores, scored.is_ai, groups=scored.groups), not is_ai_only
    except MetricError as error:
        return Estimate(None, reason=str(error)), not is_ai_only


def rate_above(texts: ScoredTexts, threshold: float | None, *, of: str) -> Rate:
    """The share of texts that score above a threshold, or the reason why there is none.

    Args:
        texts: All with a score.
        threshold: In units of the score; None when there is no operating point.
        of: What they are, in the plural.
    """
    if threshold is None:
        return Rate(0, texts.scores.size, None, None, None, reason="There is no stored operating point.")
    return rate_in_groups(texts.scores > threshold, texts.groups, of=of)


def _pool_row(value: str, human: ScoredTexts, thresholds: Sequence[float]) -> PoolRow:
    scored = human.select(human.has_score)
    fprs = tuple(rate_above(scored, threshold, of="scored human texts") for threshold in thresholds)
    coverage = rate(scored.scores.size, human.scores.size, of="human texts")
    return PoolRow(pool=value, coverage=coverage, fprs=fprs, is_small=scored.scores.size < N_SMALL)


def _badness(row: SliceRow) -> float:
    errors = [row.fpr.value, None if row.tpr.value is None else 1 - row.tpr.value]
    known = [error for error in errors if error is not None]
    if known:
        return sum(known) / len(known)
    return -1.0 if row.auroc.value is None else 1 - row.auroc.value


def _value(found: Rate, default: float) -> float:
    return default if found.value is None else found.value
