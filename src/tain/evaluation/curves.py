"""The few hundred numbers that the plots of a Report are drawn from."""

from __future__ import annotations

import numpy as np

from tain.core.errors import MetricError
from tain.evaluation.parts import Curves
from tain.evaluation.ranking import roc_curve
from tain.evaluation.samples import Flags, Floats, Indices

N_BINS = 48
N_ROC_POINTS = 300


def curves_of(scores: Floats, is_ai: Flags) -> Curves:
    """Histogram of both classes and the ROC curve; the latter is empty when a class is absent.

    Args:
        scores: Shape (n,), finite; n may be 0.
        is_ai: Shape (n,).
    """
    edges = np.histogram_bin_edges(scores, bins=N_BINS) if scores.size else np.array([0.0, 1.0])
    fpr, tpr = roc_points(scores, is_ai)
    return Curves(
        bin_edges=tuple(edges.tolist()),
        human_counts=tuple(np.histogram(scores[~is_ai], edges)[0].tolist()),
        ai_counts=tuple(np.histogram(scores[is_ai], edges)[0].tolist()),
        roc_fpr=fpr,
        roc_tpr=tpr,
    )


def roc_points(scores: Floats, is_ai: Flags) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """A few hundred points of the ROC curve, false and true positive rates; none when a class is absent.

    Args:
        scores: Shape (n,), finite.
        is_ai: Shape (n,).
    """
    try:
        curve = roc_curve(scores, is_ai)
    except MetricError:
        return (), ()
    kept = _kept_positions(curve.fpr)
    return tuple(curve.fpr[kept].tolist()), tuple(curve.tpr[kept].tolist())


def _kept_positions(fpr: Floats) -> Indices:
    # At each of these rates, the point just before the rate is passed: half spaced evenly, half by powers of ten.
    half = N_ROC_POINTS // 2
    rates = np.concatenate([np.linspace(0, 1, half), np.geomspace(1e-4, 1, half)])
    before = np.searchsorted(fpr, rates, side="right") - 1
    return np.unique(np.concatenate([[0, fpr.size - 1], before]))
