"""Soft votes: means of what several detectors say, where a majority would throw away how sure they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from tain.core.errors import MetricError
from tain.evaluation.samples import Floats
from tain.evaluation.voting import as_weights, ordered_sum


def mean_rank(scores: ArrayLike) -> Floats:
    """The mean over detectors of each text's rank among these texts, from 0 to 1: it needs no common scale.

    Ranks depend on the other texts, so this compares texts of one test and is no score to deploy.

    Args:
        scores: Shape (n_detectors, n), higher means AI; NaN where a detector abstained, and is left out of the mean.

    Returns:
        Shape (n,), higher means AI; NaN where all abstained.

    Raises:
        MetricError: If the shape does not fit or a score is infinite.
    """
    rows = _as_score_rows(scores)
    return _mean(np.array([_ranks(row) for row in rows]), np.ones(len(rows)))


def mean_log_odds(scores: ArrayLike, *, weights: ArrayLike | None = None) -> Floats:
    """The weighted mean of scores that are log-odds on one scale, which is where calibration has put them.

    Args:
        scores: Shape (n_detectors, n), log-odds of AI; NaN where a detector abstained, and is left out of the mean.
        weights: Shape (n_detectors,), above 0. None gives each one.

    Returns:
        Shape (n,), higher means AI; NaN where all abstained.

    Raises:
        MetricError: If shapes do not fit, a score is infinite, or a weight is not above 0.
    """
    rows = _as_score_rows(scores)
    return _mean(rows, as_weights(weights, n=len(rows)))


def mean_log_probability(chances: ArrayLike, *, weights: ArrayLike | None = None) -> Floats:
    """The weighted geometric mean of class probabilities, scaled to sum to one: `mean_log_odds` for many classes.

    Args:
        chances: Shape (n_detectors, n, n_classes), above 0; NaN in all classes where a detector abstained.
        weights: Shape (n_detectors,), above 0. None gives each one.

    Returns:
        Shape (n, n_classes); NaN where all abstained.

    Raises:
        MetricError: If shapes do not fit, a probability is not above 0, or a weight is not above 0.
    """
    values = np.asarray(chances, dtype=np.float64)
    if values.ndim != 3 or (values <= 0).any() or np.isinf(values).any():
        raise MetricError(
            f"probabilities have shape {values.shape} and go from {np.nanmin(values, initial=np.inf)}; "
            "expected (n_detectors, n, n_classes) and finite values above 0."
        )
    logs = _mean(np.log(values), as_weights(weights, n=len(values)))
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _mean(rows: Floats, weights: Floats) -> Floats:
    shape = (-1,) + (1,) * (rows.ndim - 1)
    is_given = ~np.isnan(rows)
    total = ordered_sum(np.where(is_given, rows, 0.0) * weights.reshape(shape))
    given = ordered_sum(is_given * weights.reshape(shape))
    return np.divide(total, given, out=np.full_like(total, np.nan), where=given > 0)


def _ranks(row: Floats) -> Floats:
    is_given = ~np.isnan(row)
    ranks = np.full(row.size, np.nan)
    if is_given.any():
        ranks[is_given] = (rankdata(row[is_given]) - 0.5) / is_given.sum()
    return ranks


def _as_score_rows(scores: ArrayLike) -> Floats:
    rows = np.asarray(scores, dtype=np.float64)
    if rows.ndim != 2 or not len(rows):
        raise MetricError(f"scores have shape {rows.shape}; expected (n_detectors, n) with one detector or more.")
    if np.isinf(rows).any():
        raise MetricError("scores hold an infinite value; expected finite numbers, or NaN for abstained.")
    return rows
