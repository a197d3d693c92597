import pytest

from tain.evaluation.decisions import Confusion, balanced_accuracy, confusion_at, f1, rates_at, rates_of


def test_a_score_at_the_threshold_is_called_human():
    assert confusion_at([1.0, 1.0, 2.0, 0.0], [1, 0, 1, 0], threshold=1.0) == Confusion(tp=1, fp=0, fn=1, tn=2)


def test_the_rates_of_a_hand_worked_table():
    rates = rates_of(Confusion(tp=30, fp=2, fn=10, tn=98))
    assert (rates.accuracy.k, rates.accuracy.n) == (128, 140)
    assert rates.balanced_accuracy.value == pytest.approx((0.75 + 0.98) / 2)
    assert (rates.precision.k, rates.precision.n) == (30, 32)
    assert rates.recall.value == 0.75
    assert rates.f1.value == pytest.approx(60 / 72)
    assert (rates.fpr.k, rates.fpr.n) == (2, 100)
    assert rates.fnr.value == 0.25


def test_human_texts_alone_define_a_false_positive_rate_and_little_else():
    rates = rates_at([0.0, 2.0], [0, 0], threshold=1.0)
    assert rates.fpr.value == 0.5
    assert rates.recall.reason == "There are no AI texts."
    assert rates.f1.reason == "There are no AI texts."
    assert rates.balanced_accuracy.reason == "There are no AI texts."


def test_ai_texts_alone_leave_the_false_positive_rate_open():
    rates = rates_at([0.0, 0.5], [1, 1], threshold=1.0)
    assert rates.fpr.value is None
    assert rates.precision.reason == "There are no texts called AI."
    assert balanced_accuracy(rates.confusion).reason == "There are no human texts."
    assert f1(rates.confusion).value == 0.0


def test_no_texts_no_numbers():
    rates = rates_at([], [], threshold=1.0)
    assert rates.accuracy.reason == "There are no scored texts."
