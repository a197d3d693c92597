import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.ranking import TEST_THRESHOLD, auprc, auroc, pauroc, roc_curve, tpr_at_fpr

APART = ([0.0, 1.0, 2.0, 3.0], [0, 0, 1, 1])


def test_separated_classes_score_one_and_reversed_ones_zero():
    scores, is_ai = APART
    assert auroc(scores, is_ai) == 1.0
    assert auroc([-s for s in scores], is_ai) == 0.0
    assert auprc(scores, is_ai) == 1.0
    assert pauroc(scores, is_ai) == 1.0


def test_equal_scores_are_chance():
    assert auroc([1.0, 1.0, 1.0], [0, 1, 1]) == 0.5
    assert pauroc([1.0, 1.0, 1.0], [0, 1, 1], max_fpr=0.3) == pytest.approx(0.5)
    assert auprc([1.0, 1.0, 1.0], [0, 1, 1]) == pytest.approx(2 / 3)


def test_the_whole_partial_area_is_the_area():
    rng = np.random.default_rng(0)
    scores, is_ai = rng.normal(size=50), rng.random(50) < 0.5
    assert pauroc(scores, is_ai, max_fpr=1.0) == pytest.approx(auroc(scores, is_ai))


@pytest.mark.parametrize("metric", [auroc, auprc, pauroc, roc_curve, tpr_at_fpr])
def test_one_class_alone_is_named(metric):
    with pytest.raises(MetricError, match=r"all 2 scored texts are ai\. Add texts labelled human"):
        metric([0.1, 0.2], [1, 1])


@pytest.mark.parametrize("share", [0, 1.5])
def test_a_partial_area_needs_a_share(share):
    with pytest.raises(MetricError, match="max_fpr is"):
        pauroc(*APART, max_fpr=share)


def test_the_curve_has_one_step_per_distinct_score():
    curve = roc_curve([3.0, 3.0, 1.0, 0.0], [1, 0, 1, 0])
    assert curve.fpr.tolist() == [0, 0.5, 0.5, 1]
    assert curve.tpr.tolist() == [0, 0.5, 1, 1]
    assert curve.thresholds.tolist() == [np.inf, 3, 1, 0]


def test_the_rate_found_says_where_its_threshold_comes_from():
    human, ai = np.arange(100.0), np.array([99.5, 98.5, 98.0, 0.0])
    found = tpr_at_fpr(np.concatenate([human, ai]), [0] * 100 + [1] * 4, target_fpr=0.01)
    assert found.threshold == 98.0
    assert (found.tpr.k, found.tpr.n) == (2, 4)
    assert (found.fpr.k, found.fpr.n) == (1, 100)
    assert found.threshold_source == TEST_THRESHOLD
