"""Votes of several detectors: what most of them say, with a stated rule for ties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from tain.core.errors import ConfigError, MetricError
from tain.evaluation.samples import Floats, Indices

ABSTAINED, HUMAN, AI = -1, 0, 1
MAJORITY = 0.5
"""Of the votes: who has more is AI, and as many for as against are a tie."""

TieRule = Literal["human", "ai", "abstain"]


@dataclass(frozen=True, slots=True)
class Vote:
    """What a set of detectors says together.

    Attributes:
        decisions: Shape (n,), 1 for AI, 0 for human; -1 where nobody decided, or a tie was left open.
        scores: Shape (n,), AI's share of the votes given; NaN where the decision is -1.
        threshold: A text is AI exactly where its score is above it.
        is_tied: Shape (n,), true where as many said AI as human.
    """

    decisions: Indices
    scores: Floats
    threshold: float
    is_tied: np.ndarray[tuple[int], np.dtype[np.bool_]]


def check_ties(ties: str) -> TieRule:
    """The rule for ties, if it is one.

    Raises:
        ConfigError: With the rules that are known.
    """
    found = next((rule for rule in get_args(TieRule) if rule == ties), None)
    if found is None:
        raise ConfigError(f"The rule for ties is {ties!r}. Expected one of {', '.join(get_args(TieRule))}.")
    return found  # type: ignore[no-any-return]


def decide(scores: ArrayLike, *, threshold: float) -> Indices:
    """A detector's decisions at one of its operating points: 1 for AI, 0 for human, -1 where it abstained.

    Args:
        scores: Shape (n,), higher means AI; NaN where the detector abstained.
        threshold: A text is AI when its score is above it, as everywhere.
    """
    values = np.asarray(scores, dtype=np.float64)
    return np.where(np.isnan(values), ABSTAINED, values > threshold).astype(np.intp)


def majority_vote(decisions: ArrayLike, *, ties: TieRule = "human") -> Vote:
    """What most detectors say; each has one vote, and none on a text where it abstains.

    Args:
        decisions: Shape (n_detectors, n): 1 for AI, 0 for human, -1 where a detector abstained.
        ties: What as many votes for AI as for human become: `human`, since a tie is no accusation; `ai`; or `abstain`,
            a decision of -1.

    Raises:
        MetricError: If a decision is none of these, or the shape does not fit.
        ConfigError: If the rule for ties is unknown.
    """
    check_ties(ties)
    votes = _as_decisions(decisions)
    n_ai, n_given = (votes == AI).sum(axis=0), (votes != ABSTAINED).sum(axis=0)
    has_votes = n_given > 0
    is_tied = has_votes & (2 * n_ai == n_given)
    shares = np.divide(n_ai, n_given, out=np.full(n_ai.size, np.nan), where=has_votes)
    if ties == "abstain":
        shares[is_tied] = np.nan
    # The next number below one half has every tie above it, and no share of fewer votes.
    threshold = float(np.nextafter(MAJORITY, 0)) if ties == "ai" else MAJORITY
    return Vote(decide(shares, threshold=threshold), shares, threshold, is_tied)


def _as_decisions(decisions: ArrayLike) -> Indices:
    votes = np.asarray(decisions)
    if votes.ndim != 2 or not len(votes):
        raise MetricError(f"decisions have shape {votes.shape}; expected (n_detectors, n) with one detector or more.")
    if not (votes.dtype == np.bool_ or np.issubdtype(votes.dtype, np.integer)):
        raise MetricError(f"decisions are of type {votes.dtype}; expected 1, 0 or -1. Put scores through `decide`.")
    odd = votes[(votes < ABSTAINED) | (votes > AI)]
    if odd.size:
        raise MetricError(f"decisions hold {odd[0]}; expected 1 for AI, 0 for human, or -1 for abstained.")
    return votes.astype(np.intp)
