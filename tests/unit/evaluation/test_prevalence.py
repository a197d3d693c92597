import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.prevalence import ASSUMPTIONS, prevalence, rogan_gladen


def test_flags_are_corrected_for_both_error_rates():
    found = prevalence(300, 1000, false_positives=(10, 1000), true_positives=(800, 1000))
    assert found.raw == pytest.approx((0.3 - 0.01) / (0.8 - 0.01))
    assert found.value == found.raw
    assert not found.is_clipped
    assert found.low < found.value < found.high
    assert (found.flagged.k, found.fpr.n, found.tpr.k) == (300, 1000, 800)
    assert found.to_dict()["assumptions"] == ASSUMPTIONS


def test_fewer_flags_than_false_positives_are_cut_to_nothing_and_said_to_be():
    found = prevalence(5, 1000, false_positives=(10, 1000), true_positives=(800, 1000))
    assert found.raw < 0
    assert (found.value, found.is_clipped, found.is_contradicted, found.low) == (0.0, True, False, 0.0)
    assert found.high > 0


def test_flags_too_few_for_chance_contradict_the_rates():
    assert prevalence(1, 1000, false_positives=(50, 1000), true_positives=(800, 1000)).is_contradicted
    assert prevalence(990, 1000, false_positives=(5, 500), true_positives=(300, 500)).is_contradicted


def test_more_flags_than_true_positives_are_cut_to_all():
    found = prevalence(990, 1000, false_positives=(5, 500), true_positives=(400, 500))
    assert (found.value, found.is_clipped, found.high) == (1.0, True, 1.0)
    assert found.is_contradicted


@pytest.mark.parametrize("found", [(100, 1000), (99, 1000)])
def test_a_detector_that_tells_nothing_apart_is_refused(found):
    with pytest.raises(MetricError, match="flags say nothing of how many texts are AI"):
        prevalence(10, 100, false_positives=(100, 1000), true_positives=found)


def test_rates_that_were_never_measured_are_refused():
    with pytest.raises(MetricError, match=r"There are no AI texts\. Measure the detector on such texts first"):
        prevalence(10, 100, false_positives=(1, 100), true_positives=(0, 0))


def test_doubt_about_the_rates_widens_the_interval():
    sure, unsure = (
        prevalence(300, 1000, false_positives=(n // 100, n), true_positives=(n * 8 // 10, n)) for n in (100_000, 100)
    )
    assert unsure.high - unsure.low > 1.5 * (sure.high - sure.low)


@pytest.mark.parametrize(
    ("share", "fpr", "tpr"), [(0.0, 0.01, 0.6), (0.05, 0.01, 0.8), (0.3, 0.02, 0.6), (0.9, 0.05, 0.9)]
)
def test_the_interval_holds_the_truth_as_often_as_it_says(share, fpr, tpr):
    rng = np.random.default_rng(5)
    n_hits, n_draws = 0, 400
    for _ in range(n_draws):
        n_flagged = rng.binomial(800, share * tpr + (1 - share) * fpr)
        counts = (int(rng.binomial(600, fpr)), 600), (int(rng.binomial(300, tpr)), 300)
        found = prevalence(int(n_flagged), 800, false_positives=counts[0], true_positives=counts[1])
        n_hits += found.low <= share <= found.high
    assert n_hits / n_draws >= 0.92


def test_a_plain_share_is_its_own_estimate_for_a_perfect_detector():
    assert rogan_gladen(0.25, fpr=0.0, tpr=1.0) == 0.25
