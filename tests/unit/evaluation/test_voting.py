import numpy as np
import pytest

from tain.core.errors import ConfigError, MetricError
from tain.evaluation.voting import decide, majority_vote

NAN = float("nan")
TWO_VOTERS = [[0, 1, 0, 1], [0, 1, 1, 0]]


def test_two_detectors_tie_and_a_tie_accuses_nobody():
    vote = majority_vote(TWO_VOTERS)
    assert vote.decisions.tolist() == [0, 1, 0, 0]
    assert vote.scores.tolist() == [0.0, 1.0, 0.5, 0.5]
    assert vote.is_tied.tolist() == [False, False, True, True]


@pytest.mark.parametrize(("ties", "expected"), [("human", 0), ("ai", 1), ("abstain", -1)])
def test_the_rule_for_ties_is_the_one_asked_for(ties, expected):
    vote = majority_vote(TWO_VOTERS, ties=ties)
    assert vote.decisions.tolist() == [0, 1, expected, expected]
    assert vote.decisions.tolist() == decide(vote.scores, threshold=vote.threshold).tolist()
    assert np.isnan(vote.scores[2]) == (ties == "abstain")


def test_the_vote_of_identical_detectors_is_the_detector():
    one = np.random.default_rng(0).integers(0, 2, 50)
    vote = majority_vote([one, one, one, one])
    assert vote.decisions.tolist() == one.tolist()
    assert not vote.is_tied.any()


def test_a_detector_that_abstains_has_no_vote():
    vote = majority_vote([[1, -1, -1], [1, 1, -1], [0, -1, -1]])
    assert vote.decisions.tolist() == [1, 1, -1]
    assert vote.scores[:2].tolist() == pytest.approx([2 / 3, 1.0])
    assert np.isnan(vote.scores[2])
    assert not vote.is_tied.any()


def test_scores_become_votes_at_an_operating_point():
    assert decide([0.1, 0.5, 0.7, NAN], threshold=0.5).tolist() == [0, 0, 1, -1]


def test_no_texts_have_no_votes():
    assert majority_vote(np.empty((2, 0), dtype=int)).decisions.shape == (0,)


@pytest.mark.parametrize(
    ("decisions", "message"),
    [
        ([[0, 2]], "decisions hold 2; expected 1 for AI, 0 for human"),
        ([[0.5, 1.0]], "of type float64; expected 1, 0 or -1. Put scores through `decide`"),
        ([0, 1], r"shape \(2,\); expected \(n_detectors, n\)"),
    ],
)
def test_votes_that_cannot_be_counted_are_refused(decisions, message):
    with pytest.raises(MetricError, match=message):
        majority_vote(decisions)


def test_an_unknown_rule_is_answered_with_the_known_ones():
    with pytest.raises(ConfigError, match="'first'. Expected one of human, ai, abstain"):
        majority_vote(TWO_VOTERS, ties="first")
