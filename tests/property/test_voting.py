"""Votes against a slow count with fractions, whatever the order of the detectors."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tain.evaluation.soft_voting import mean_log_odds, mean_rank
from tain.evaluation.voting import majority_vote

NAN = float("nan")
WEIGHTS = st.sampled_from(["0.1", "0.2", "0.3", "0.7", "1", "2", "3"])
RULES = st.sampled_from(["human", "abstain", "first"])
SCORES = st.integers(-3, 3).map(float) | st.floats(-9, 9) | st.just(float("nan"))


@st.composite
def elections(draw):
    n_classes = draw(st.integers(2, 4))
    n_voters, n_texts = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    choices = st.lists(st.integers(-1, n_classes - 1), min_size=n_texts, max_size=n_texts)
    decisions = [draw(choices) for _ in range(n_voters)]
    weights = draw(st.lists(WEIGHTS, min_size=n_voters, max_size=n_voters))
    return np.array(decisions), weights, n_classes, draw(st.integers(0, n_classes - 1)), draw(RULES)


@st.composite
def score_rows(draw):
    n_voters, n_texts = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    rows = [draw(st.lists(SCORES, min_size=n_texts, max_size=n_texts)) for _ in range(n_voters)]
    return np.array(rows), draw(st.permutations(range(n_voters)))


def slow_vote(column, weights, human, ties):
    votes = Counter()
    for choice, weight in zip(column, weights, strict=True):
        if choice >= 0:
            votes[int(choice)] += Fraction(weight)
    if not votes:
        return -1, False, None
    leaders = sorted(name for name in votes if votes[name] == max(votes.values()))
    winner = leaders[0]
    if len(leaders) > 1 and ties == "abstain":
        winner = -1
    if len(leaders) > 1 and ties == "human" and human in leaders:
        winner = human
    return winner, len(leaders) > 1, {name: float(n / sum(votes.values())) for name, n in votes.items()}


@given(elections())
def test_a_vote_equals_a_slow_count(election):
    decisions, weights, n_classes, human, ties = election
    vote = majority_vote(
        decisions, n_classes=n_classes, weights=[float(w) for w in weights], ties=ties, human=human
    )  # fmt: skip
    for i, column in enumerate(decisions.T):
        winner, is_tied, shares = slow_vote(column, weights, human, ties)
        assert vote.decisions[i] == winner
        assert vote.is_tied[i] == is_tied
        expected = [NAN] * n_classes if shares is None else [shares.get(name, 0.0) for name in range(n_classes)]
        assert vote.shares[i] == pytest.approx(expected, nan_ok=True)


@given(elections(), st.randoms())
def test_the_order_of_the_detectors_changes_nothing(election, random):
    decisions, weights, n_classes, human, ties = election
    order = random.sample(range(len(decisions)), len(decisions))
    settings = {"n_classes": n_classes, "human": human, "ties": ties}
    first = majority_vote(decisions, weights=[float(w) for w in weights], **settings)
    second = majority_vote(decisions[order], weights=[float(weights[i]) for i in order], **settings)
    assert np.array_equal(first.decisions, second.decisions)
    assert np.array_equal(first.shares, second.shares, equal_nan=True)  # to the last bit


@given(st.integers(0, 4).map(lambda n: 2 * n + 1), st.integers(1, 9), st.randoms())
def test_an_odd_number_of_detectors_never_ties_over_two_classes(n_voters, n_texts, random):
    decisions = [[random.randint(0, 1) for _ in range(n_texts)] for _ in range(n_voters)]
    vote = majority_vote(decisions)
    assert not vote.is_tied.any()
    assert np.array_equal(vote.decisions == 1, vote.scores > 0.5)


@given(score_rows())
def test_means_do_not_depend_on_the_order_of_the_detectors(case):
    rows, order = case
    for mean in (mean_rank, mean_log_odds):
        assert np.array_equal(mean(rows), mean(rows[list(order)]), equal_nan=True)


@given(score_rows())
def test_mean_log_odds_is_the_mean_of_those_given(case):
    rows, _ = case
    expected = [np.mean(given) if (given := column[~np.isnan(column)]).size else NAN for column in rows.T]
    assert mean_log_odds(rows) == pytest.approx(expected, nan_ok=True, abs=1e-12)


@given(score_rows())
def test_mean_rank_is_the_share_of_texts_outscored(case):
    rows, _ = case

    def share(row, score):
        others = row[~np.isnan(row)]
        return ((others < score).sum() + (others == score).sum() / 2) / others.size

    for i, column in enumerate(rows.T):
        ranks = [share(row, score) for row, score in zip(rows, column, strict=True) if not np.isnan(score)]
        assert mean_rank(rows)[i] == pytest.approx(np.mean(ranks) if ranks else NAN, nan_ok=True)
