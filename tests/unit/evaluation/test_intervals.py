import pytest

from tain.core.errors import MetricError
from tain.evaluation.intervals import clopper_pearson, rate, upper_bound, wilson


def test_no_errors_among_299_bound_the_rate_below_one_percent():
    assert upper_bound(0, 299) < 0.01 < upper_bound(0, 298)


@pytest.mark.parametrize("interval", [clopper_pearson, wilson])
def test_the_ends_are_exact_at_none_and_all(interval):
    assert interval(0, 10)[0] == 0.0
    assert interval(10, 10)[1] == 1.0


def test_wilson_of_one_half_is_the_published_one():
    # Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert clopper_pearson(81, 263) == pytest.approx((0.2527, 0.3676), abs=1e-4)


@pytest.mark.parametrize(("k", "n"), [(0, 0), (-1, 5), (6, 5)])
@pytest.mark.parametrize("interval", [clopper_pearson, wilson, upper_bound])
def test_impossible_counts_are_refused(interval, k, n):
    with pytest.raises(MetricError, match=f"No interval for {k} of {n}"):
        interval(k, n)


def test_a_confidence_in_percent_is_refused():
    with pytest.raises(MetricError, match="confidence is 95"):
        wilson(1, 2, confidence=95)


def test_a_rate_keeps_its_counts():
    found = rate(3, 12, of="AI texts")
    assert (found.k, found.n, found.value, found.reason) == (3, 12, 0.25, None)
    assert found.low < 0.25 < found.high


def test_a_rate_of_nothing_has_a_reason_and_no_value():
    found = rate(0, 0, of="human texts")
    assert (found.value, found.low, found.high) == (None, None, None)
    assert found.reason == "There are no human texts."


def test_a_rate_of_some_among_none_is_refused():
    with pytest.raises(MetricError, match="No interval for 2 of 0"):
        rate(2, 0, of="texts")
