import numpy as np
import pytest

from tain.core.errors import ConfigError, MetricError
from tain.evaluation.soft_voting import mean_log_odds, mean_log_probability, mean_rank
from tain.evaluation.voting import decide, majority_vote

NAN = float("nan")
TWO_VOTERS = [[0, 1, 0, 1], [0, 1, 1, 0]]


def test_two_detectors_tie_and_a_tie_accuses_nobody():
    vote = majority_vote(TWO_VOTERS)
    assert vote.decisions.tolist() == [0, 1, 0, 0]
    assert vote.scores.tolist() == [0.0, 1.0, 0.5, 0.5]
    assert vote.is_tied.tolist() == [False, False, True, True]


@pytest.mark.parametrize(("ties", "expected"), [("human", 0), ("abstain", -1), ("first", 0)])
def test_the_rule_for_ties_is_the_one_asked_for(ties, expected):
    assert majority_vote(TWO_VOTERS, ties=ties).decisions[2] == expected


def test_human_is_where_the_label_set_has_it():
    assert majority_vote(TWO_VOTERS, human=1).decisions.tolist() == [0, 1, 1, 1]
    assert majority_vote(TWO_VOTERS, ties="first", human=1).decisions.tolist() == [0, 1, 0, 0]


def test_a_tie_of_two_machines_does_not_become_a_person():
    # Four of five say that a machine wrote it; they differ only in which.
    vote = majority_vote([[1], [1], [2], [2], [0]], n_classes=3)
    assert vote.decisions.tolist() == [1]
    assert vote.is_tied.tolist() == [True]


def test_the_vote_of_identical_detectors_is_the_detector():
    rng = np.random.default_rng(0)
    one = rng.integers(0, 4, 50)
    vote = majority_vote([one, one, one, one], n_classes=4)
    assert vote.decisions.tolist() == one.tolist()
    assert not vote.is_tied.any()


def test_a_detector_that_abstains_has_no_vote():
    vote = majority_vote([[1, -1, -1], [1, 1, -1], [0, -1, -1]])
    assert vote.decisions.tolist() == [1, 1, -1]
    assert vote.scores[:2].tolist() == pytest.approx([2 / 3, 1.0])
    assert np.isnan(vote.scores[2])
    assert not vote.is_tied.any()


def test_a_weight_is_a_number_of_votes():
    vote = majority_vote([[1, 0], [0, 1], [0, 1]], weights=[3, 1, 1])
    assert vote.decisions.tolist() == [1, 0]
    assert vote.scores.tolist() == pytest.approx([0.6, 0.4])


def test_weights_that_add_up_to_the_same_tie_though_their_sums_differ_in_the_last_digit():
    assert 0.1 + 0.2 != 0.3
    assert majority_vote([[1], [1], [0]], weights=[0.1, 0.2, 0.3]).is_tied.tolist() == [True]


def test_scores_become_votes_at_an_operating_point():
    assert decide([0.1, 0.5, 0.7, NAN], threshold=0.5).tolist() == [0, 0, 1, -1]


def test_no_texts_have_no_votes():
    assert majority_vote(np.empty((2, 0), dtype=int)).decisions.shape == (0,)


@pytest.mark.parametrize(
    ("decisions", "settings", "message"),
    [
        ([[0, 2]], {}, "decisions hold 2; expected class indices below 2"),
        ([[0.5, 1.0]], {}, "of type float64; expected class indices. Put scores through `decide`"),
        ([0, 1], {}, r"shape \(2,\); expected \(n_detectors, n\)"),
        (TWO_VOTERS, {"weights": [1, 0]}, "weights hold 0.0; expected finite numbers above 0"),
        (TWO_VOTERS, {"weights": [1]}, r"weights have shape \(1,\), but there are 2 detectors"),
    ],
)
def test_votes_that_cannot_be_counted_are_refused(decisions, settings, message):
    with pytest.raises(MetricError, match=message):
        majority_vote(decisions, **settings)


def test_an_unknown_rule_or_class_is_answered_with_the_known_ones():
    with pytest.raises(ConfigError, match="'ai'. Expected one of human, abstain, first"):
        majority_vote(TWO_VOTERS, ties="ai")
    with pytest.raises(ConfigError, match="human is 2; expected the index of one of 2 classes"):
        majority_vote(TWO_VOTERS, human=2)


def test_a_score_tells_two_classes_apart_only():
    with pytest.raises(MetricError, match="over 3 classes, and a score tells two apart"):
        _ = majority_vote([[0], [2]], n_classes=3).scores


def test_mean_rank_needs_no_common_scale():
    scores = np.array([[0.0, 1.0, 2.0, 3.0], [-9.0, 900.0, 5.0, 7.0]])
    assert mean_rank(scores).tolist() == pytest.approx([1 / 8, 5 / 8, 1 / 2, 3 / 4])


def test_mean_rank_leaves_out_who_abstained():
    assert mean_rank([[1.0, 2.0, NAN], [5.0, NAN, NAN]])[:2].tolist() == pytest.approx([(0.25 + 0.5) / 2, 0.75])
    assert np.isnan(mean_rank([[1.0, 2.0, NAN], [5.0, NAN, NAN]])[2])


def test_mean_log_odds_weighs_and_leaves_out_who_abstained():
    mean = mean_log_odds([[1.0, NAN, NAN], [4.0, 4.0, NAN]], weights=[2, 1])
    assert mean[:2].tolist() == pytest.approx([2.0, 4.0])
    assert np.isnan(mean[2])


def test_for_two_classes_the_geometric_mean_is_the_mean_of_log_odds():
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 3, (3, 20))
    p_ai = 1 / (1 + np.exp(-odds))
    mean = mean_log_probability(np.stack([1 - p_ai, p_ai], axis=2), weights=[1, 2, 3])
    assert mean.sum(axis=1) == pytest.approx(np.ones(20))
    assert np.log(mean[:, 1] / mean[:, 0]) == pytest.approx(mean_log_odds(odds, weights=[1, 2, 3]))


def test_impossible_scores_and_probabilities_are_refused():
    with pytest.raises(MetricError, match="scores hold an infinite value"):
        mean_log_odds([[np.inf]])
    with pytest.raises(MetricError, match=r"scores have shape \(1,\)"):
        mean_rank([1.0])
    with pytest.raises(MetricError, match="go from 0.0; expected .* finite values above 0"):
        mean_log_probability([[[0.0, 1.0]]])
