"""Rankings with intervals, and other detectors beside ours on the same texts and the same draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from tain.core.errors import MetricError
from tain.evaluation.bootstrap import (
    Bootstrap,
    RankingDraws,
    interval_of_draws,
    paired_difference,
    percentile_interval,
    ranking_draws,
)
from tain.evaluation.curves import roc_points
from tain.evaluation.delong import auroc_df, compare_aurocs
from tain.evaluation.intervals import Estimate
from tain.evaluation.paired import DecisionTest, mcnemar
from tain.evaluation.parts import Comparison, FixedFpr, PointComparison, Ranking
from tain.evaluation.ranking import TEST_THRESHOLD, auprc, auroc, pauroc, tpr_at_fpr
from tain.evaluation.samples import Flags, Floats
from tain.evaluation.slices import ScoredTexts, rate_above
from tain.evaluation.thresholds import TARGET_FPRS, shortage, supports


@dataclass(frozen=True, slots=True)
class Rival:
    """Another detector's answers on the texts of a test.

    Attributes:
        name: Of the detector.
        scores: Shape (n,); NaN where it abstained or has no answer.
        thresholds: Of its stored operating points, by the false positive rate they were set for.
    """

    name: str
    scores: Floats
    thresholds: Mapping[float, float] = field(default_factory=dict)


def estimate(metric: Callable[[], float]) -> Estimate:
    """The number without an interval, or the reason why the sample does not define it.

    Args:
        metric: Gives the number or raises MetricError.
    """
    try:
        return Estimate(metric())
    except MetricError as error:
        return Estimate(None, reason=str(error))


def draws_of(texts: ScoredTexts, *, bootstrap: Bootstrap) -> RankingDraws | None:
    """The bootstrap draws of a ranking, or None when a class is absent.

    Args:
        texts: All with a score.
        bootstrap: How to draw.
    """
    n_human = int((~texts.is_ai).sum())
    if n_human in (0, texts.is_ai.size):
        return None
    targets = [target for target in TARGET_FPRS if supports(n_human, target)]
    return ranking_draws(texts.scores, texts.is_ai, groups=texts.groups, target_fprs=targets, bootstrap=bootstrap)


def ranking_of(texts: ScoredTexts, draws: RankingDraws | None) -> Ranking:
    """How well the texts are ranked, with intervals from the draws.

    Args:
        texts: All with a score.
        draws: From `draws_of`.
    """
    sample = (texts.scores, texts.is_ai)
    df = None if draws is None else auroc_df(*sample, groups=texts.groups)
    areas = {"auroc": auroc, "auprc": auprc, "pauroc": pauroc}

    def area(name: str) -> Estimate:
        found = estimate(lambda: areas[name](*sample))
        if found.value is None or draws is None:
            return found
        n_least = int(min(texts.is_ai.sum(), (~texts.is_ai).sum()))
        return interval_of_draws(found.value, getattr(draws, name), n_least=n_least, df=df)

    return Ranking(
        auroc=area("auroc"),
        auprc=area("auprc"),
        pauroc=area("pauroc"),
        tpr_at_fpr=tuple(_fixed_fpr(texts, draws, target) for target in TARGET_FPRS),
    )


def compare(
    ours: ScoredTexts,
    rival: Rival,
    *,
    bootstrap: Bootstrap,
    our_draws: RankingDraws | None,
    thresholds: Mapping[float, float] | None = None,
) -> Comparison:
    """Another detector on the texts that both have scored.

    Args:
        ours: All texts of the test.
        rival: The other detector.
        bootstrap: How to draw.
        our_draws: Of all texts that ours has scored; None, or another that abstained on one, makes them anew.
        thresholds: Of our stored operating points, by the false positive rate they were set for.

    Raises:
        MetricError: If there is not one score per text.
    """
    if rival.scores.shape != ours.scores.shape:
        raise MetricError(
            f"{rival.name} has scores of shape {rival.scores.shape}, but there are {ours.scores.size} texts."
        )
    shared = ours.has_score & ~np.isnan(rival.scores)
    first, second = ours.select(shared), ScoredTexts(rival.scores, ours.is_ai, ours.groups).select(shared)
    has_all = first.scores.size == ours.has_score.sum()
    first_draws = our_draws if has_all and our_draws is not None else draws_of(first, bootstrap=bootstrap)
    draws = first_draws, draws_of(second, bootstrap=bootstrap)
    rankings = ranking_of(first, draws[0]), ranking_of(second, draws[1])
    n_ai = int(first.is_ai.sum())
    roc_fpr, roc_tpr = roc_points(second.scores, second.is_ai)
    return Comparison(
        name=rival.name,
        n_human=first.is_ai.size - n_ai,
        n_ai=n_ai,
        n_unscored=int(np.isnan(rival.scores).sum()),
        ranking=rankings[1],
        own_auroc=rankings[0].auroc,
        **_differences((first, second), rankings, draws),
        decisions=tuple(_decisions((first, second), thresholds or {}, rival.thresholds)),
        roc_fpr=roc_fpr,
        roc_tpr=roc_tpr,
    )


def _differences(
    texts: tuple[ScoredTexts, ScoredTexts],
    rankings: tuple[Ranking, Ranking],
    draws: tuple[RankingDraws | None, RankingDraws | None],
) -> dict[str, object]:
    if draws[0] is None or draws[1] is None:
        missing = Estimate(None, reason=rankings[1].auroc.reason)
        return {"auroc_difference": missing, "tpr_differences": {}, "p_auroc": None, "p_auroc_bootstrap": None}
    tested = compare_aurocs(texts[0].scores, texts[1].scores, texts[0].is_ai, groups=texts[0].groups)
    gaps: dict[float | str, float] = {"auroc": tested.difference.value or 0.0}
    for ours, theirs in zip(rankings[0].tpr_at_fpr, rankings[1].tpr_at_fpr, strict=True):
        gaps[ours.target_fpr] = (ours.tpr.value or 0.0) - (theirs.tpr.value or 0.0)
    drawn = paired_difference(draws[0], draws[1], point=gaps)
    return {
        "auroc_difference": tested.difference,
        "p_auroc": tested.p_value,
        "p_auroc_bootstrap": drawn.p_auroc,
        "tpr_differences": dict(drawn.tpr),
    }


def _decisions(
    texts: tuple[ScoredTexts, ScoredTexts], ours: Mapping[float, float], theirs: Mapping[float, float]
) -> list[PointComparison]:
    ours_here, theirs_here = texts
    is_ai = ours_here.is_ai
    found = []
    for target in (target for target in ours if target in theirs):
        right = [(part.scores > limit[target]) == is_ai for part, limit in zip(texts, (ours, theirs), strict=True)]
        kinds: dict[str, Flags] = {"human texts": ~is_ai, "AI texts": is_ai, "all texts": np.ones_like(is_ai)}
        tests = tuple(_test(right, mask, ours_here, of) for of, mask in kinds.items())
        rates = {
            name: rate_above(theirs_here.select(kinds[of]), theirs[target], of=of)
            for name, of in (("fpr", "human texts"), ("tpr", "AI texts"))
        }
        found.append(PointComparison(target_fpr=target, threshold=theirs[target], tests=tests, **rates))
    return found


def _test(right: list[Flags], mask: Flags, texts: ScoredTexts, of: str) -> DecisionTest:
    return mcnemar(right[0][mask], right[1][mask], groups=texts.groups[mask], of=of)


def _fixed_fpr(texts: ScoredTexts, draws: RankingDraws | None, target: float) -> FixedFpr:
    n_human = int((~texts.is_ai).sum())
    if draws is None or target not in draws.tpr:
        reason = shortage(n_human, target) or "There are no AI texts."
        tpr = Estimate(None, reason=reason)
        return FixedFpr(target_fpr=target, tpr=tpr, fpr=None, threshold=None, threshold_source=TEST_THRESHOLD)
    found = tpr_at_fpr(texts.scores, texts.is_ai, target_fpr=target)
    # Where every draw finds all AI texts, or none, the doubt of the plain rate is left.
    low, high = percentile_interval(draws.tpr[target]) or (1.0, 0.0)
    tpr = Estimate(found.tpr.value, min(low, found.tpr.low or 0.0), max(high, found.tpr.high or 0.0))
    return FixedFpr(
        target_fpr=target, tpr=tpr, fpr=found.fpr, threshold=found.threshold, threshold_source=found.threshold_source
    )
