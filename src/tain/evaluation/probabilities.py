"""Whether probabilities can be taken at their word: Brier score, calibration error, reliability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tain.core.errors import MetricError
from tain.evaluation.bootstrap import Bootstrap
from tain.evaluation.intervals import Rate, rate, wilson
from tain.evaluation.samples import Flags, Floats, as_groups, as_is_ai, as_scores

N_BINS = 10


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Texts of similar probability, and how many of them are AI.

    Attributes:
        low: Lower edge of the bin; belongs to it.
        high: Upper edge; belongs to the next bin, save for the last.
        mean_p_ai: Mean probability, or None when the bin is empty.
        ai: Share that is AI, with counts and Wilson interval.
    """

    low: float
    high: float
    mean_p_ai: float | None
    ai: Rate


def brier(p_ai: ArrayLike, is_ai: ArrayLike) -> float:
    """The mean squared distance between probability and truth: 0 is perfect, 0.25 is always saying one half.

    Args:
        p_ai: Shape (n,), each between 0 and 1.
        is_ai: Shape (n,), true for AI.

    Raises:
        MetricError: If there are no texts or a probability is out of range.
    """
    values, flags = _check(p_ai, is_ai)
    return float(np.mean((values - flags) ** 2))


def reliability(p_ai: ArrayLike, is_ai: ArrayLike, *, n_bins: int = N_BINS) -> list[ReliabilityBin]:
    """How often texts of each probability are AI, in bins of equal width.

    Args:
        p_ai: Shape (n,), each between 0 and 1.
        is_ai: Shape (n,), true for AI.
        n_bins: At least 1.

    Raises:
        MetricError: If there are no texts, a probability is out of range, or there is no bin.
    """
    values, flags = _check(p_ai, is_ai)
    if n_bins < 1:
        raise MetricError(f"n_bins is {n_bins}; expected 1 or more.")
    index = _bins_of(values, n_bins)
    return [_bin(values[index == i], flags[index == i], i / n_bins, (i + 1) / n_bins) for i in range(n_bins)]


def ece(p_ai: ArrayLike, is_ai: ArrayLike, *, n_bins: int = N_BINS) -> float:
    """The mean gap between probability and frequency over bins, weighted by their counts.

    Args:
        p_ai: Shape (n,), each between 0 and 1.
        is_ai: Shape (n,), true for AI.
        n_bins: At least 1; the value depends on it.

    Raises:
        MetricError: If there are no texts, a probability is out of range, or there is no bin.

    Source:
        Naeini et al. 2015, AAAI. Differs: the probability of AI is binned, as fits two classes, not the confidence.
    """
    bins = reliability(p_ai, is_ai, n_bins=n_bins)
    n = sum(item.ai.n for item in bins)
    return sum(abs(item.ai.k - item.ai.n * item.mean_p_ai) for item in bins if item.mean_p_ai is not None) / n


def ece_draws(p_ai: ArrayLike, is_ai: ArrayLike, *, groups: ArrayLike | None = None, bootstrap: Bootstrap) -> Floats:
    """The calibration error of every draw, shape (n_draws,).

    Args:
        p_ai: Shape (n,), each between 0 and 1.
        is_ai: Shape (n,), true for AI.
        groups: Shape (n,), one name per text; None draws single texts.
        bootstrap: How to draw.

    Raises:
        MetricError: If there are no texts, a probability is out of range, or the groups do not fit.
    """
    values, flags = _check(p_ai, is_ai)
    index, n_groups = as_groups(groups, n=values.size)
    # What each group adds to the gap of each bin, and in the last column how many texts it has.
    table = np.zeros((n_groups, N_BINS + 1))
    np.add.at(table, (index, _bins_of(values, N_BINS)), flags - values)
    table[:, N_BINS] = np.bincount(index, minlength=n_groups)
    blocks = [weights.astype(np.float64) @ table for weights in bootstrap.weights(n_groups, n_texts=n_groups)]
    drawn = np.concatenate(blocks)
    return np.asarray(np.abs(drawn[:, :-1]).sum(axis=1) / drawn[:, -1])


def _bins_of(values: Floats, n_bins: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.minimum((values * n_bins).astype(np.intp), n_bins - 1)


def _bin(values: Floats, flags: Flags, low: float, high: float) -> ReliabilityBin:
    mean = float(values.mean()) if values.size else None
    return ReliabilityBin(low, high, mean, rate(int(flags.sum()), flags.size, of="texts in this bin", interval=wilson))


def _check(p_ai: ArrayLike, is_ai: ArrayLike) -> tuple[Floats, Flags]:
    values = as_scores(p_ai, name="p_ai")
    if not values.size:
        raise MetricError("Calibration is not defined: there are no texts with a probability.")
    out = np.flatnonzero((values < 0) | (values > 1))
    if out.size:
        raise MetricError(
            f"p_ai holds {values[out[0]]} at position {out[0]}; expected 0 to 1. Did you pass scores (logits)?"
        )
    return values, as_is_ai(is_ai, n=values.size)
