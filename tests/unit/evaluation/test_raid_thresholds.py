import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.raid_thresholds import domain_threshold, walk_threshold


def test_the_walk_stops_at_once_where_the_mean_will_do():
    assert walk_threshold([0.0, 1.0], target_fpr=0.5) == 0.5


def test_the_walk_worked_by_hand():
    """From the mean, 2, where 3 of 5 are flagged: up to 2.5 (2), 3.0 (2), 3.5 (1 of 5)."""
    assert walk_threshold([0.0, 1.0, 2.0, 3.0, 4.0], target_fpr=0.2) == 3.5


def test_the_walk_turns_back_in_half_steps():
    """Mean 0.5, half flagged; 1.0 flags none of them, so the next step is back by a quarter."""
    scores = [0.0] * 5 + [0.7, 0.8, 0.9, 0.9, 0.9] + [0.0, 0.0, 1.8]
    assert walk_threshold(scores, target_fpr=1 / 13) == pytest.approx(np.mean(scores) + 0.5)


def test_a_step_beyond_all_scores_is_not_taken_for_the_best():
    found = domain_threshold(np.arange(250) / 250, domain="news", target_fpr=0.05)
    assert found.walk_fpr.k == 12
    assert found.exact_fpr.k == 12
    assert found.missed is None


def test_scores_that_all_tie_miss_and_the_reason_counts_them():
    found = domain_threshold([1.0] * 30 + [0.0] * 70, domain="reviews", target_fpr=0.05)
    assert found.missed == (
        "reviews: RAID's search ends at a false positive rate of 30.00% instead of 5%: 30 of 100 human texts share the "
        "highest score, 1. Submit scores with more digits."
    )
    assert (found.walk_fpr.k, found.walk_fpr.n) == (30, 100)
    assert found.exact_fpr.k == 0


def test_too_few_texts_miss_because_raid_takes_no_threshold_above_all():
    found = domain_threshold(np.arange(20) / 20, domain="wiki", target_fpr=0.01)
    assert found.missed.endswith("flags nobody, and one of 20 human texts is more. Use more human texts.")


def test_scores_spread_wider_than_the_walk_miss_though_they_do_not_tie():
    scores = np.linspace(-400, 400, 1000)
    found = domain_threshold(scores, domain="books", target_fpr=0.01)
    assert "human scores run from -400 to 400, too far for its steps" in found.missed
    assert found.exact_fpr.k == 10
    squeezed = domain_threshold(1 / (1 + np.exp(-scores / 100)), domain="books", target_fpr=0.01)
    assert squeezed.missed is None
    assert squeezed.walk_fpr.k == 10


def test_equal_scores_whose_mean_rounds_up_stop_raid_with_an_error():
    """The mean of three times 0.1 is above 0.1, so no threshold that the walk visits flags anything."""
    assert walk_threshold([0.1] * 3, target_fpr=0.05) is None
    found = domain_threshold([0.1] * 3, domain="poetry", target_fpr=0.05)
    assert "stops with an error, as all 3 human texts score 0.1; it refuses the whole file" in found.missed
    assert found.walk is None
    assert found.exact == 0.1


def test_no_human_text_is_a_reason():
    found = domain_threshold([], domain="wiki", target_fpr=0.05)
    assert found.exact is None
    assert found.walk_fpr.reason == found.missed
    assert found.missed == "wiki has no unattacked human text with a score; RAID refuses the whole file."
    with pytest.raises(MetricError, match="no human scores"):
        walk_threshold([], target_fpr=0.05)


def test_a_target_that_is_no_share_is_refused():
    with pytest.raises(MetricError, match="expected a share"):
        domain_threshold([1.0], domain="wiki", target_fpr=5)
