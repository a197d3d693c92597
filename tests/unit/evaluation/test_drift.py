import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.drift import drift_of, length_shift, mixture_shift, n_same_scores, score_shift

QUANTILES = {0.01: 50, 0.5: 100, 0.99: 200}


def normal(n, mean=0.0, seed=0):
    return np.random.default_rng(seed).normal(mean, size=n)


def lengths(n, low=50, high=150, seed=0):
    return np.random.default_rng(seed).integers(low, high + 1, n)


def test_texts_like_those_of_the_calibration_give_no_warning():
    found = score_shift(normal(400), normal(3000, seed=1))
    assert found.level == "none"
    assert found.p_value > 0.01
    assert found.psi < 0.1
    assert "Human texts here score much like those of the calibration" in found.sentence
    assert drift_of([found]).warnings == ()


@pytest.mark.parametrize(("mean", "side", "follows"), [(1.0, "higher", "More"), (-1.0, "lower", "Fewer")])
def test_a_shift_says_which_way_and_what_follows(mean, side, follows):
    found = score_shift(normal(400, mean), normal(3000, seed=1))
    assert found.level == "strong"
    assert found.ks > 0.3
    assert found.psi > 0.25
    assert (found.p_higher > 0.5) == (mean > 0)
    assert f"score {side} than" in found.sentence
    assert f"{follows} of them may be wrongly called AI" in found.sentence
    assert drift_of([found]).warnings == (found.sentence,)


def test_a_tiny_shift_of_many_texts_is_clear_but_no_drift():
    found = score_shift(normal(20_000, 0.08), normal(20_000, seed=1))
    assert found.p_value < 0.01
    assert found.level == "none"


def test_the_gap_equals_scipys():
    from scipy.stats import ks_2samp

    here, known = np.round(normal(60), 1), np.round(normal(90, 0.5, seed=1), 1)
    found, expected = score_shift(here, known), ks_2samp(here, known, method="asymp")
    assert found.ks == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue, rel=0.2)


def test_the_stability_index_is_about_nothing_without_drift_however_few_texts():
    found = [score_shift(normal(60, seed=i), normal(500, seed=i + 100)).psi for i in range(40)]
    assert np.mean(found) < 0.06


def test_too_few_texts_cannot_tell():
    found = score_shift(normal(29, 3.0), normal(100))
    assert (found.level, found.ks) == ("unknown", None)
    assert "29 human texts here, too few" in found.sentence
    assert drift_of([found]).warnings == ()


def test_lengths_are_compared_with_the_quantiles_that_are_known():
    same = length_shift(lengths(500), {0.01: 51, 0.5: 100, 0.99: 149}, n_calibration=3000)
    assert same.level == "none"
    assert "are as long as those of the calibration" in same.sentence
    longer = length_shift(lengths(500, 150, 600), QUANTILES, n_calibration=3000)
    assert longer.level == "strong"
    assert longer.ks >= 0.5
    assert "are longer than" in longer.sentence
    shorter = length_shift(lengths(500, 25, 60), QUANTILES, n_calibration=3000)
    assert "are shorter than" in shorter.sentence


def test_a_length_that_many_share_is_no_gap():
    assert length_shift(np.repeat(100, 400), {0.5: 100}, n_calibration=400).ks == 0.0


def test_more_ai_texts_alone_are_no_drift_of_unlabelled_texts():
    human, ai = normal(2000), normal(1000, 3.0, seed=1)
    mixed = np.concatenate([normal(300, seed=2), normal(200, 3.0, seed=3)])
    found = mixture_shift(mixed, human, ai)
    assert found.level == "none"
    assert "4" in found.sentence.split("% of them AI")[0][-3:]
    moved = mixture_shift(normal(500, -3.0), human, ai, known="Report")
    assert moved.level == "strong"
    assert "of the Report, 0% of them AI: strong drift. Neither flags nor error rates" in moved.sentence
    assert mixture_shift(normal(5), human, ai).level == "unknown"
    with pytest.raises(MetricError, match="Calibrate with --ai too"):
        mixture_shift(mixed, human, [])


def test_texts_of_the_calibration_are_noticed():
    known = normal(1000)
    assert n_same_scores(known[:100], known) == 100
    assert n_same_scores(normal(100, seed=1), known) < 5
    assert "100 of 200 human texts have" in drift_of([], n_same=(100, 200)).warnings[0]
    assert drift_of([], n_same=(4, 20)).warnings == ()


def test_nothing_to_compare_with_is_refused():
    with pytest.raises(MetricError, match="no calibration scores"):
        score_shift(normal(50), [])
    with pytest.raises(MetricError, match="No quantile"):
        length_shift(lengths(50), {}, n_calibration=0)
