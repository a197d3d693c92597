import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.decisions import rates_at
from tain.evaluation.report import evaluate_scores

from .made_reports import full_report, points, texts


def test_rates_are_taken_at_the_stored_points_and_never_at_one_half():
    scores, is_ai, *_ = texts()
    report = evaluate_scores(scores, is_ai, operating_points=points(), n_draws=20)
    assert [result.point for result in report.operating_points] == list(points())
    for result in report.operating_points:
        expected = rates_at(scores, is_ai, threshold=result.point.threshold)
        assert result.rates.fpr == expected.fpr
        assert result.rates.f1.value == expected.f1.value
        assert result.rates.f1.low < result.rates.f1.value < result.rates.f1.high
    assert report.default_point.point.target_fpr == 0.01


def test_without_a_stored_point_there_are_no_decisions():
    scores, is_ai, domain, _ = texts()
    report = evaluate_scores(scores, is_ai, slices={"domain": domain}, n_draws=20)
    assert report.operating_points == ()
    assert report.default_point is None
    assert report.slices[0].rows[0].fpr.reason == "There is no stored operating point."
    assert report.ranking.auroc.value > 0.8


def test_abstentions_are_counted_by_class_and_in_no_rate():
    report = full_report()
    assert (report.counts.n, report.counts.coverage.k) == (800, 784)
    assert (report.counts.n_human, report.counts.coverage_human.n) == (384, 400)
    assert report.counts.coverage_ai.value == 1.0
    assert report.default_point.rates.accuracy.n == 784


def test_slices_pools_comparisons_and_calibration_are_there():
    report = full_report()
    assert [table.name for table in report.slices] == ["domain", "generator", "language"]
    assert report.slices[2].n_unknown == 10
    assert report.slices[1].rows[0].value == "claude"
    assert report.human_pools[0].pool == "essays"
    assert len(report.human_pools[0].fprs) == len(report.operating_points)
    assert report.comparisons[0].auroc_difference.value > 0
    assert 0 < report.calibration.brier.value < 0.25
    assert sum(item.ai.n for item in report.calibration.bins) == 784


def test_pools_may_be_named_apart_from_slices():
    assert [row.pool for row in full_report(pools=["all"] * 800).human_pools] == ["all"]


def test_no_pools_without_a_slice_that_names_them():
    assert full_report(slices={"length": ["long"] * 800}).human_pools == ()


def test_the_same_seed_gives_the_same_report_and_another_moves_only_intervals():
    first, again, other = full_report(), full_report(), full_report(seed=1)
    assert first == again
    assert first.ranking.auroc.value == other.ranking.auroc.value
    assert first.ranking.auroc.low != other.ranking.auroc.low


def test_human_texts_alone_give_a_false_positive_rate_and_reasons():
    scores, is_ai, *_ = texts()
    report = evaluate_scores(scores[~is_ai], is_ai[~is_ai], operating_points=points(), n_draws=20)
    rates = report.default_point.rates
    assert rates.fpr.value is not None
    assert rates.f1.value is None
    assert "Add texts labelled ai" in report.ranking.auroc.reason
    assert report.calibration.brier.reason == "The detector gives no probabilities."


def test_a_draw_without_a_class_is_left_out_of_the_interval():
    report = evaluate_scores([0.0, 5.0, 6.0], [0, 1, 1], operating_points=points(), n_draws=200)
    assert report.default_point.rates.balanced_accuracy.low is not None


def test_no_scored_text_gives_reasons_everywhere():
    report = evaluate_scores([np.nan], [1], operating_points=points(), probabilities=[np.nan], n_draws=20)
    assert report.counts.coverage.value == 0.0
    assert report.default_point.rates.accuracy.reason == "There are no scored texts."
    assert "no texts with a probability" in report.calibration.brier.reason


@pytest.mark.parametrize("scores", [[[0.0, 1.0]], [0.0, float("inf")]])
def test_scores_of_a_wrong_shape_or_without_end_are_refused(scores):
    with pytest.raises(MetricError, match="expected one finite number per text, or NaN"):
        evaluate_scores(scores, [0, 1])


def test_probabilities_must_be_as_many_as_scores():
    with pytest.raises(MetricError, match=r"probabilities have shape \(1,\), but there are 2 scores"):
        evaluate_scores([0.0, 1.0], [0, 1], probabilities=[0.5], n_draws=2)


def test_pan_counts_abstentions_as_unanswered_by_its_own_rule():
    scores, is_ai, *_ = texts()
    p_ai = 1 / (1 + np.exp(1 - scores))
    p_ai[::50] = np.nan
    found = evaluate_scores(scores, is_ai, probabilities=p_ai, n_draws=20).pan
    assert (found.answered.k, found.answered.n) == (784, 800)
    assert found.fnr.k == (~(p_ai > 0.5) & is_ai).sum()
    assert evaluate_scores(scores, is_ai, n_draws=20).pan is None
