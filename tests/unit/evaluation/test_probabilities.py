import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.bootstrap import Bootstrap
from tain.evaluation.probabilities import brier, ece, ece_draws, reliability
from tain.evaluation.report import evaluate_scores


def test_brier_of_certainty_and_of_doubt():
    assert brier([0.0, 1.0], [0, 1]) == 0.0
    assert brier([0.5, 0.5], [0, 1]) == 0.25


def test_the_calibration_error_weighs_bins_by_their_counts():
    # Bin .0-.1: says .05, is 0 (2 texts). Bin .9-1: says .95, is 1/2 (2 texts).
    assert ece([0.05, 0.05, 0.95, 0.95], [0, 0, 1, 0]) == pytest.approx((0.05 * 2 + 0.45 * 2) / 4)


def test_draws_of_the_calibration_error_equal_it_on_the_texts_drawn():
    rng = np.random.default_rng(0)
    p_ai, groups = rng.random(30), rng.integers(0, 8, 30)
    is_ai = rng.random(30) < p_ai
    draws = ece_draws(p_ai, is_ai, groups=groups, bootstrap=Bootstrap(20, seed=4))
    _, index = np.unique(groups, return_inverse=True)
    n = index.max() + 1
    weights = np.concatenate(list(Bootstrap(20, seed=4).weights(n, n_texts=n)))
    for draw, weight in zip(draws, weights, strict=True):
        drawn = np.repeat(np.arange(30), weight[index].astype(int))
        assert draw == pytest.approx(ece(p_ai[drawn], is_ai[drawn]))


def test_the_calibration_error_of_a_report_has_an_interval():
    rng = np.random.default_rng(1)
    p_ai = rng.random(200)
    is_ai = rng.random(200) < p_ai
    found = evaluate_scores(p_ai, is_ai, probabilities=p_ai, n_draws=50).calibration.ece
    assert found.low < found.value < found.high


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
