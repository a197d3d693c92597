import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.bootstrap import Bootstrap, ranking_draws
from tain.evaluation.delong import auroc_df, auroc_with_interval, separated_interval
from tain.evaluation.intervals import logit_interval


def sample(n=400, shift=1.0, seed=0):
    rng = np.random.default_rng(seed)
    is_ai = rng.random(n) < 0.4
    return np.round(rng.normal(size=n) + shift * is_ai, 1), is_ai, rng.integers(n // 4, size=n)


@pytest.mark.parametrize("is_grouped", [False, True])
def test_the_closed_form_agrees_with_drawing(is_grouped):
    scores, is_ai, names = sample()
    groups = names if is_grouped else None
    draws = ranking_draws(scores, is_ai, groups=groups, bootstrap=Bootstrap(2000)).auroc
    found = auroc_with_interval(scores, is_ai, groups=groups)
    expected = logit_interval(found.value, draws.std(), df=auroc_df(scores, is_ai, groups=groups))
    assert (found.low, found.high) == pytest.approx(expected, abs=0.1 * (found.high - found.low))


@pytest.mark.parametrize("shift", [-1.0, 1.0])
def test_the_interval_holds_the_value_and_stays_inside(shift):
    scores, is_ai, _ = sample(n=30, shift=shift)
    found = auroc_with_interval(scores, is_ai)
    assert 0 < found.low < found.value < found.high < 1


@pytest.mark.parametrize(("scores", "value"), [([0.0, 0.0, 1.0], 1.0), ([1.0, 1.0, 0.0], 0.0)])
def test_full_separation_is_not_certainty(scores, value):
    found = auroc_with_interval(scores, [0, 0, 1])
    assert found.value == value
    assert found.high - found.low == pytest.approx(0.975)


def test_separated_classes_of_many_texts_leave_little_doubt():
    assert separated_interval(1.0, n_fewer=500)[0] > 0.99


def test_a_single_group_has_a_variance_of_zero():
    found = auroc_with_interval([0.5, 1.0, 0.0], [0, 1, 1], groups=["a", "a", "a"])
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))


def test_one_class_is_named():
    with pytest.raises(MetricError, match="all 2 scored texts are human"):
        auroc_with_interval([0.0, 1.0], [0, 0])
