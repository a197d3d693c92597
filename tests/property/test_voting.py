"""Votes against a slow count with fractions, whatever the order of the detectors."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tain.evaluation.voting import decide, majority_vote

RULES = st.sampled_from(["human", "ai", "abstain"])


@st.composite
def elections(draw):
    n_voters, n_texts = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    choices = st.lists(st.integers(-1, 1), min_size=n_texts, max_size=n_texts)
    return np.array([draw(choices) for _ in range(n_voters)]), draw(RULES)


def slow_vote(column, ties):
    given_votes = [int(choice) for choice in column if choice >= 0]
    if not given_votes:
        return -1, False, None
    share = Fraction(sum(given_votes), len(given_votes))
    if share == Fraction(1, 2):
        winner = {"human": 0, "ai": 1, "abstain": -1}[ties]
        return winner, True, None if winner < 0 else share
    return int(share > Fraction(1, 2)), False, share


@given(elections())
def test_a_vote_equals_a_slow_count(election):
    decisions, ties = election
    vote = majority_vote(decisions, ties=ties)
    for i, column in enumerate(decisions.T):
        winner, is_tied, share = slow_vote(column, ties)
        assert vote.decisions[i] == winner
        assert vote.is_tied[i] == is_tied
        assert vote.scores[i] == pytest.approx(np.nan if share is None else float(share), nan_ok=True)


@given(elections())
def test_scores_and_threshold_say_what_the_decisions_say(election):
    decisions, ties = election
    vote = majority_vote(decisions, ties=ties)
    assert decide(vote.scores, threshold=vote.threshold).tolist() == vote.decisions.tolist()


@given(elections(), st.randoms())
def test_the_order_of_the_detectors_changes_nothing(election, random):
    decisions, ties = election
    order = random.sample(range(len(decisions)), len(decisions))
    first, second = (majority_vote(each, ties=ties) for each in (decisions, decisions[order]))
    assert np.array_equal(first.decisions, second.decisions)
    assert np.array_equal(first.scores, second.scores, equal_nan=True)


@given(st.integers(0, 4).map(lambda n: 2 * n + 1), st.integers(1, 9), st.randoms())
def test_an_odd_number_of_detectors_never_ties(n_voters, n_texts, random):
    decisions = [[random.randint(0, 1) for _ in range(n_texts)] for _ in range(n_voters)]
    assert not majority_vote(decisions).is_tied.any()
