import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.intervals import upper_bound
from tain.evaluation.thresholds import (
    OperatingPoint,
    fit_operating_points,
    fit_threshold,
    n_allowed,
    n_needed,
    supports,
)


@pytest.mark.parametrize(("target", "n"), [(0.05, 59), (0.01, 299), (0.005, 598), (0.001, 2995), (0.0001, 29956)])
def test_the_fewest_human_texts_for_a_target(target, n):
    assert n_needed(target) == n
    assert supports(n, target)
    assert not supports(n - 1, target)


def test_a_target_too_small_for_any_sample_asks_for_more_texts_than_there_are():
    assert n_needed(5e-324) == n_needed(1e-300) == 10**15
    assert not supports(10**9, 5e-324)


def test_the_threshold_is_the_first_score_that_may_not_be_flagged():
    assert fit_threshold(np.arange(100.0), target_fpr=0.05) == 94.0


def test_ties_at_the_threshold_are_never_flagged():
    scores = np.array([0.0] * 90 + [7.0] * 10)
    threshold = fit_threshold(scores, target_fpr=0.05)
    assert threshold == 7.0
    assert not (scores > threshold).any()


def test_a_share_that_floats_cannot_hold_allows_its_whole_number():
    assert 0.29 * 100 < 29
    assert n_allowed(100, 0.29) == 29


def test_some_text_always_stays_unflagged():
    assert n_allowed(3, 1 - 1e-12) == 2


def test_no_scores_no_threshold():
    with pytest.raises(MetricError, match="no human scores"):
        fit_threshold([], target_fpr=0.01)


@pytest.mark.parametrize("target", [0, 1, 5, float("nan")])
def test_a_target_that_is_no_share_is_refused(target):
    with pytest.raises(MetricError, match=r"expected a share such as 0\.01"):
        fit_threshold([1.0], target_fpr=target)


def test_operating_points_are_refused_where_too_few_texts_support_them():
    fitted = fit_operating_points(np.arange(300.0), data_sha256="ab")
    assert [point.target_fpr for point in fitted.points] == [0.05, 0.01]
    assert fitted.refused[0.001] == (
        "300 human texts cannot support a false positive rate of 0.001; 2,995 or more are needed."
    )
    point = fitted.points[1]
    assert (point.threshold, point.n_human, point.n_above, point.data_sha256) == (296.0, 300, 3, "ab")
    assert point.fpr_upper == upper_bound(3, 300)


def test_an_operating_point_survives_its_dict():
    point = OperatingPoint(0.01, 1.5, 300, 3, 0.026, "ab")
    assert OperatingPoint.from_dict(point.to_dict()) == point


def test_a_lacking_field_is_named():
    with pytest.raises(MetricError, match=r"fields \['threshold'\]; expected \['data_sha256', 'fpr_upper'"):
        OperatingPoint.from_dict({"threshold": 1.0})


@pytest.mark.parametrize(("field", "value"), [("threshold", float("nan")), ("target_fpr", 1.0), ("n_above", 301)])
def test_an_impossible_operating_point_is_refused(field, value):
    values = OperatingPoint(0.01, 1.5, 300, 3, 0.026).to_dict() | {field: value}
    with pytest.raises(MetricError, match="is impossible"):
        OperatingPoint.from_dict(values)
