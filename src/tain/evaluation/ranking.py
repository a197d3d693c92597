"""How well scores rank AI texts above human ones: AUROC, its low-FPR part, AUPRC and TPR at a fixed FPR."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from tain.core.errors import MetricError
from tain.evaluation.intervals import Rate, rate
from tain.evaluation.samples import Floats, as_sample, need_both_classes
from tain.evaluation.thresholds import fit_threshold

MAX_FPR = 0.05  # where the partial AUROC ends
TEST_THRESHOLD = "from the human scores of this test"


@dataclass(frozen=True, slots=True)
class RocCurve:
    """Both rates at every distinct threshold, from the strictest (0, 0) to the loosest (1, 1).

    Attributes:
        fpr: Shape (m,), rising.
        tpr: Shape (m,), rising.
        thresholds: Shape (m,), falling; a text counts when it scores at least this. The first is infinity.
    """

    fpr: Floats
    tpr: Floats
    thresholds: Floats


@dataclass(frozen=True, slots=True)
class TprAtFpr:
    """The share of AI texts found at a false positive rate.

    Attributes:
        target_fpr: The rate allowed.
        threshold: In units of the score.
        fpr: What the threshold does to the human texts it was taken from.
        tpr: The share of AI texts above it.
        threshold_source: Where the threshold comes from: for comparing detectors, never for use.
    """

    target_fpr: float
    threshold: float
    fpr: Rate
    tpr: Rate
    threshold_source: str = TEST_THRESHOLD


def auroc(scores: ArrayLike, is_ai: ArrayLike) -> float:
    """The chance that an AI text outscores a human one; a tie counts half.

    Args:
        scores: Shape (n,), higher means AI.
        is_ai: Shape (n,), true for AI.

    Raises:
        MetricError: If a class is absent; the message names the one that is there.
    """
    values, flags = as_sample(scores, is_ai)
    need_both_classes(flags, metric="AUROC")
    n_ai = int(flags.sum())
    n_human = flags.size - n_ai
    n_wins = rankdata(values)[flags].sum() - n_ai * (n_ai + 1) / 2
    return float(n_wins / (n_ai * n_human))


def roc_curve(scores: ArrayLike, is_ai: ArrayLike) -> RocCurve:
    """The two rates at every distinct threshold.

    Args:
        scores: Shape (n,), higher means AI.
        is_ai: Shape (n,), true for AI.

    Raises:
        MetricError: If a class is absent.
    """
    values, flags = as_sample(scores, is_ai)
    need_both_classes(flags, metric="The ROC curve")
    order = np.argsort(-values, kind="stable")
    ranked, hits = values[order], flags[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), ranked.size - 1)  # last of each run of ties
    n_hits = np.cumsum(hits)[ends]
    n_false = ends + 1 - n_hits
    return RocCurve(
        fpr=np.append(0.0, n_false / n_false[-1]),
        tpr=np.append(0.0, n_hits / n_hits[-1]),
        thresholds=np.append(np.inf, ranked[ends]),
    )


def pauroc(scores: ArrayLike, is_ai: ArrayLike, *, max_fpr: float = MAX_FPR) -> float:
    """The AUROC up to a false positive rate, rescaled so that chance is 0.5 and perfection 1.

    Args:
        scores: Shape (n,), higher means AI.
        is_ai: Shape (n,), true for AI.
        max_fpr: Above 0, at most 1.

    Raises:
        MetricError: If a class is absent or `max_fpr` is out of range.

    Source:
        McClish 1989, Medical Decision Making 9(3).
    """
    if not 0 < max_fpr <= 1:
        raise MetricError(f"max_fpr is {max_fpr}; expected a share above 0 and at most 1, such as 0.05.")
    curve = roc_curve(scores, is_ai)
    stop = int(np.searchsorted(curve.fpr, max_fpr, side="right"))
    tpr_at_stop = np.interp(max_fpr, curve.fpr, curve.tpr) if stop < curve.fpr.size else 1.0
    area = np.trapezoid(np.append(curve.tpr[:stop], tpr_at_stop), np.append(curve.fpr[:stop], max_fpr))
    return float(rescaled(np.array(area), max_fpr))


def rescaled(area: Floats, max_fpr: float) -> Floats:
    """Areas below a false positive rate as partial AUROCs: 0.5 is chance and 1 perfection.

    Args:
        area: Under the ROC curve from 0 to `max_fpr`, any shape.
        max_fpr: Above 0, at most 1.
    """
    chance = max_fpr**2 / 2
    return np.asarray((1 + (area - chance) / (max_fpr - chance)) / 2)


def auprc(scores: ArrayLike, is_ai: ArrayLike) -> float:
    """Average precision over AI texts; at chance it equals their share, so state it beside the counts.

    Args:
        scores: Shape (n,), higher means AI.
        is_ai: Shape (n,), true for AI.

    Raises:
        MetricError: If a class is absent.
    """
    values, flags = as_sample(scores, is_ai)
    need_both_classes(flags, metric="AUPRC")
    curve = roc_curve(values, flags)
    n_ai = int(flags.sum())
    n_hits, n_false = curve.tpr[1:] * n_ai, curve.fpr[1:] * (flags.size - n_ai)
    return float(np.sum(np.diff(curve.tpr) * n_hits / (n_hits + n_false)))


def tpr_at_fpr(scores: ArrayLike, is_ai: ArrayLike, *, target_fpr: float = 0.01) -> TprAtFpr:
    """The share of AI texts found when the test's own human texts set the threshold.

    Exact, with ties never flagged. It compares detectors on one test; what a deployed detector does is measured
    at its stored operating points.

    Args:
        scores: Shape (n,), higher means AI.
        is_ai: Shape (n,), true for AI.
        target_fpr: Between 0 and 1.

    Raises:
        MetricError: If a class is absent or the target is not between 0 and 1.
    """
    values, flags = as_sample(scores, is_ai)
    need_both_classes(flags, metric=f"TPR at {target_fpr:.2%} FPR")
    human, ai = values[~flags], values[flags]
    threshold = fit_threshold(human, target_fpr=target_fpr)
    return TprAtFpr(
        target_fpr,
        threshold,
        fpr=rate(int((human > threshold).sum()), human.size, of="human texts"),
        tpr=rate(int((ai > threshold).sum()), ai.size, of="AI texts"),
    )
