"""Rankings with bootstrap intervals, and other detectors beside ours on the same draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tain.core.errors import MetricError
from tain.evaluation.bootstrap import Bootstrap, RankingDraws, paired_difference, percentile_interval, ranking_draws
from tain.evaluation.delong import separated_interval
from tain.evaluation.intervals import Estimate
from tain.evaluation.ranking import TEST_THRESHOLD, auprc, auroc, pauroc, tpr_at_fpr
from tain.evaluation.samples import Floats
from tain.evaluation.schema import Comparison, FixedFpr, Ranking
from tain.evaluation.slices import ScoredTexts
from tain.evaluation.thresholds import TARGET_FPRS, shortage, supports


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
    return Ranking(
        auroc=_auroc(texts, draws),
        auprc=estimate(lambda: auprc(*sample)),
        pauroc=estimate(lambda: pauroc(*sample)),
        tpr_at_fpr=tuple(_fixed_fpr(texts, draws, target) for target in TARGET_FPRS),
    )


def compare(
    ours: ScoredTexts, scores: Floats, *, name: str, bootstrap: Bootstrap, our_draws: RankingDraws | None
) -> Comparison:
    """Another detector on the texts that both have scored.

    Args:
        ours: All texts of the test.
        scores: Of the other detector, shape (n,); NaN where it abstained.
        name: Of the other detector.
        bootstrap: How to draw.
        our_draws: Of all texts that ours has scored; None, or another that abstained on one, makes them anew.

    Raises:
        MetricError: If there is not one score per text.
    """
    if scores.shape != ours.scores.shape:
        raise MetricError(f"{name} has scores of shape {scores.shape}, but there are {ours.scores.size} texts.")
    shared = ours.has_score & ~np.isnan(scores)
    first, second = ours.select(shared), ScoredTexts(scores, ours.is_ai, ours.groups).select(shared)
    has_all = first.scores.size == ours.has_score.sum()
    first_draws = our_draws if has_all and our_draws is not None else draws_of(first, bootstrap=bootstrap)
    draws = first_draws, draws_of(second, bootstrap=bootstrap)
    rankings = ranking_of(first, draws[0]), ranking_of(second, draws[1])
    n_ai = int(first.is_ai.sum())
    return Comparison(
        name=name, n_human=first.is_ai.size - n_ai, n_ai=n_ai, ranking=rankings[1], **_differences(rankings, draws)
    )


def _differences(
    rankings: tuple[Ranking, Ranking], draws: tuple[RankingDraws | None, RankingDraws | None]
) -> Mapping[str, object]:
    first, second = draws
    if first is None or second is None:
        reason = rankings[1].auroc.reason
        return {"auroc_difference": Estimate(None, reason=reason), "tpr_differences": {}, "p_auroc": None}
    gaps: dict[float | str, float] = {"auroc": (rankings[0].auroc.value or 0.0) - (rankings[1].auroc.value or 0.0)}
    for ours, theirs in zip(rankings[0].tpr_at_fpr, rankings[1].tpr_at_fpr, strict=True):
        gaps[ours.target_fpr] = (ours.tpr.value or 0.0) - (theirs.tpr.value or 0.0)
    found = paired_difference(first, second, point=gaps)
    return {"auroc_difference": found.auroc, "tpr_differences": dict(found.tpr), "p_auroc": found.p_auroc}


def _auroc(texts: ScoredTexts, draws: RankingDraws | None) -> Estimate:
    found = estimate(lambda: auroc(texts.scores, texts.is_ai))
    if found.value is None or draws is None:
        return found
    if found.value in (0, 1):
        n_fewer = int(min(texts.is_ai.sum(), (~texts.is_ai).sum()))
        return Estimate(found.value, *separated_interval(found.value, n_fewer=n_fewer))
    return Estimate(found.value, *(percentile_interval(draws.auroc) or (None, None)))


def _fixed_fpr(texts: ScoredTexts, draws: RankingDraws | None, target: float) -> FixedFpr:
    n_human = int((~texts.is_ai).sum())
    if draws is None or target not in draws.tpr:
        reason = shortage(n_human, target) or "There are no AI texts."
        tpr = Estimate(None, reason=reason)
        return FixedFpr(target_fpr=target, tpr=tpr, fpr=None, threshold=None, threshold_source=TEST_THRESHOLD)
    found = tpr_at_fpr(texts.scores, texts.is_ai, target_fpr=target)
    tpr = Estimate(found.tpr.value, *(percentile_interval(draws.tpr[target]) or (None, None)))
    return FixedFpr(
        target_fpr=target, tpr=tpr, fpr=found.fpr, threshold=found.threshold, threshold_source=found.threshold_source
    )
