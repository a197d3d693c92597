import pytest

from tain.core.errors import MetricError
from tain.evaluation.probabilities import brier, ece, reliability


def test_brier_of_certainty_and_of_doubt():
    assert brier([0.0, 1.0], [0, 1]) == 0.0
    assert brier([0.5, 0.5], [0, 1]) == 0.25


def test_the_calibration_error_weighs_bins_by_their_counts():
    # Bin .0-.1: says .05, is 0 (2 texts). Bin .9-1: says .95, is 1/2 (2 texts).
    assert ece([0.05, 0.05, 0.95, 0.95], [0, 0, 1, 0]) == pytest.approx((0.05 * 2 + 0.45 * 2) / 4)


def test_certainty_falls_in_the_last_bin_and_empty_bins_say_so():
    bins = reliability([1.0, 0.0, 0.5], [1, 0, 1], n_bins=2)
    assert [item.ai.n for item in bins] == [1, 2]
    assert bins[1].mean_p_ai == 0.75
    empty = reliability([1.0], [1], n_bins=2)[0]
    assert empty.mean_p_ai is None
    assert empty.ai.reason == "There are no texts in this bin."
    assert ece([1.0], [1], n_bins=2) == 0.0


def test_logits_are_no_probabilities():
    with pytest.raises(MetricError, match=r"p_ai holds 3.2 at position 1.*logits"):
        brier([0.1, 3.2], [0, 1])


def test_no_texts_no_calibration():
    with pytest.raises(MetricError, match="no texts with a probability"):
        ece([], [])


def test_there_must_be_a_bin():
    with pytest.raises(MetricError, match="n_bins is 0"):
        reliability([0.1], [0], n_bins=0)
