"""Votes of several detectors: the class with most of them, with a stated rule for ties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from tain.core.errors import ConfigError, MetricError
from tain.evaluation.samples import Floats, Indices

ABSTAINED = -1
SAME = 1e-9

TieRule = Literal["human", "abstain", "first"]


@dataclass(frozen=True, slots=True)
class Vote:
    """What a set of detectors says together.

    Attributes:
        decisions: Shape (n,), class indices; -1 where nobody decided, or a tie was left open.
        shares: Shape (n, n_classes), each class's share of the votes given; NaN where there were none.
        is_tied: Shape (n,), true where two or more classes led.
    """

    decisions: Indices
    shares: Floats
    is_tied: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def scores(self) -> Floats:
        """The share of votes for AI, shape (n,); NaN where there were none.

        Raises:
            MetricError: If there are more than two classes.
        """
        if self.shares.shape[1] != 2:
            raise MetricError(
                f"The vote is over {self.shares.shape[1]} classes, and a score tells two apart. Use shares."
            )
        return self.shares[:, 1]


def decide(scores: ArrayLike, *, threshold: float) -> Indices:
    """A detector's decisions at one of its operating points: 1 for AI, 0 for human, -1 where it abstained.

    Args:
        scores: Shape (n,), higher means AI; NaN where the detector abstained.
        threshold: A text is AI when its score is above it, as everywhere.
    """
    values = np.asarray(scores, dtype=np.float64)
    return np.where(np.isnan(values), ABSTAINED, values > threshold).astype(np.intp)


def majority_vote(
    decisions: ArrayLike,
    *,
    n_classes: int = 2,
    weights: ArrayLike | None = None,
    ties: TieRule = "human",
    human: int = 0,
) -> Vote:
    """The class with most votes.

    A detector that abstains has no vote on that text. The order of the detectors never matters.

    Args:
        decisions: Shape (n_detectors, n), class indices; -1 where a detector abstained.
        n_classes: Two or more.
        weights: Votes of each detector, shape (n_detectors,), above 0. None gives each one.
        ties: What a tie for most votes becomes: `human`, the side that accuses nobody, where it is among the tied and
            the tied class of lowest index otherwise; `abstain`, -1; `first`, the tied class of lowest index.
        human: Index of the human class.

    Raises:
        MetricError: If a decision is no class index, shapes do not fit, or a weight is not above 0.
        ConfigError: If the rule for ties is unknown, or `human` is no class.
    """
    if ties not in get_args(TieRule):
        raise ConfigError(f"The rule for ties is {ties!r}. Expected one of {', '.join(get_args(TieRule))}.")
    if not 0 <= human < n_classes:
        raise ConfigError(f"human is {human}; expected the index of one of {n_classes} classes.")
    votes = _as_decisions(decisions, n_classes=n_classes)
    counts = _counts(votes, as_weights(weights, n=len(votes)), n_classes)
    given = counts.sum(axis=1)
    # Sums of shares such as 0.1 + 0.2 and 0.3 differ in their last digit, and are a tie all the same.
    leads = counts >= counts.max(axis=1, keepdims=True) - SAME * given[:, np.newaxis]
    has_votes = given > 0
    is_tied = has_votes & (leads.sum(axis=1) > 1)
    chosen = np.where(has_votes, leads.argmax(axis=1), ABSTAINED)
    if ties == "human":
        chosen[is_tied & leads[:, human]] = human
    elif ties == "abstain":
        chosen[is_tied] = ABSTAINED
    shares = np.divide(counts, given[:, np.newaxis], out=np.full_like(counts, np.nan), where=has_votes[:, np.newaxis])
    return Vote(chosen.astype(np.intp), shares, is_tied)


def _counts(votes: Indices, weights: Floats, n_classes: int) -> Floats:
    given = (votes[:, :, np.newaxis] == np.arange(n_classes)) * weights[:, np.newaxis, np.newaxis]
    return ordered_sum(given)


def ordered_sum(terms: Floats) -> Floats:
    """The sum over the first axis, by size, so that the order of the detectors does not change the last digit.

    Args:
        terms: Shape (n_detectors, ...).
    """
    total: Floats = np.sort(terms, axis=0).sum(axis=0)
    return total


def _as_decisions(decisions: ArrayLike, *, n_classes: int) -> Indices:
    votes = np.asarray(decisions)
    if votes.ndim != 2 or not len(votes):
        raise MetricError(f"decisions have shape {votes.shape}; expected (n_detectors, n) with one detector or more.")
    if not (votes.dtype == np.bool_ or np.issubdtype(votes.dtype, np.integer)):
        raise MetricError(f"decisions are of type {votes.dtype}; expected class indices. Put scores through `decide`.")
    odd = votes[(votes < ABSTAINED) | (votes >= n_classes)]
    if odd.size:
        raise MetricError(f"decisions hold {odd[0]}; expected class indices below {n_classes}, or -1 for abstained.")
    return votes.astype(np.intp)


def as_weights(weights: ArrayLike | None, *, n: int) -> Floats:
    """The weights of the detectors, checked, shape (n,).

    Args:
        weights: None gives each one.
        n: How many detectors there are.

    Raises:
        MetricError: If there are not n of them, or one is not above 0.
    """
    if weights is None:
        return np.ones(n)
    array = np.asarray(weights, dtype=np.float64)
    if array.shape != (n,):
        raise MetricError(f"weights have shape {array.shape}, but there are {n} detectors. Give one weight for each.")
    if not (np.isfinite(array) & (array > 0)).all():
        raise MetricError(f"weights hold {array.min()}; expected finite numbers above 0. Leave out who has no vote.")
    return array
