import numpy as np
import pytest

from tain.core.errors import DataError, MetricError
from tain.evaluation.bootstrap import Bootstrap
from tain.evaluation.pan import PARTS, align, pan_measures

FEW = Bootstrap(50)


def worked():
    """Three AI texts, one of them unanswered and one missed; two human ones, one of them flagged."""
    return pan_measures([0.9, 0.5, 0.2, 0.7, 0.1], [True, True, True, False, False], bootstrap=FEW)


def test_the_measures_of_a_case_worked_by_hand():
    found = worked()
    assert found.auroc.value == pytest.approx(4 / 6)
    assert found.brier.value == pytest.approx(1 - (0.01 + 0.25 + 0.64 + 0.49 + 0.01) / 5)
    assert found.c_at_1.value == pytest.approx((2 + 1 * 2 / 5) / 5)
    assert found.f1.value == pytest.approx(2 * 1 / (2 * 1 + 1 + 2))
    assert found.f05u.value == pytest.approx(1.25 / (1.25 + 0.25 * (1 + 1) + 1))
    assert found.mean.value == pytest.approx(np.mean([4 / 6, 0.72, 0.48, 0.4, 1.25 / 2.75]))
    assert (found.fpr.k, found.fpr.n) == (1, 2)
    assert (found.fnr.k, found.fnr.n) == (2, 3)
    assert (found.answered.k, found.answered.n) == (4, 5)


def test_every_estimate_has_an_interval_around_it():
    for name in (*PARTS, "mean"):
        estimate = getattr(worked(), name)
        assert estimate.low <= estimate.value <= estimate.high


def test_leaving_texts_open_beats_guessing_them_wrong():
    is_ai = [True] * 4 + [False] * 4
    sure = [0.9] * 3 + [0.1] * 3
    wrong = pan_measures([*sure[:3], 0.4, *sure[3:], 0.6], is_ai, bootstrap=FEW)
    left_open = pan_measures([*sure[:3], 0.5, *sure[3:], 0.5], is_ai, bootstrap=FEW)
    assert wrong.c_at_1.value == 6 / 8
    assert left_open.c_at_1.value == (6 + 2 * 6 / 8) / 8


def test_an_unanswered_human_text_counts_against_f05u_but_is_no_false_positive():
    found = pan_measures([0.9, 0.5], [True, False], bootstrap=FEW)
    assert found.f05u.value == pytest.approx(1.25 / (1.25 + 0.25))
    assert found.fpr.k == 0
    assert found.fpr_2025.k == 1


def test_an_unanswered_ai_text_is_missed_but_not_in_the_table_of_2025():
    found = pan_measures([0.5, 0.1], [True, False], bootstrap=FEW)
    assert (found.fnr.k, found.fnr_2025.k) == (1, 0)
    assert found.f1.value == 0
    assert found.c_at_1.value == (1 + 1 * 1 / 2) / 2


def test_answers_beyond_the_range_are_cut_for_the_brier_score_only():
    found = pan_measures([3.0, 2.0, -1.0], [True, False, False], bootstrap=FEW)
    assert found.brier.value == pytest.approx(1 - (0 + 1 + 0) / 3)
    assert found.auroc.value == 1


def test_one_class_leaves_the_area_and_the_mean_undefined_and_says_what_pan_would_print():
    found = pan_measures([0.9, 0.1], [True, True])
    assert found.auroc.value is None
    assert found.auroc.reason == "There are no human texts."
    assert found.fpr.reason == "There are no human texts."
    assert found.c_at_1.value == 0.5
    printed = np.mean([0, 1 - (0.01 + 0.81) / 2, 0.5, 2 / 3, 1.25 / 1.5])
    assert found.mean.reason == (
        f"auroc undefined: There are no human texts. PAN takes 0 for it and prints {printed:.3f}."
    )


def test_f_measures_without_any_ai_are_undefined():
    found = pan_measures([0.1, 0.2], [False, False])
    assert found.f1.value is None
    assert found.f1.reason == "There are no AI texts, and none was called AI."
    assert pan_measures([0.1, 0.9], [False, False]).f1.value == 0


def test_nothing_at_all_has_reasons_only():
    found = pan_measures([], [])
    assert [getattr(found, name).value for name in (*PARTS, "mean")] == [None] * 6
    assert found.mean.reason.endswith("undefined: There are no texts.")


def test_an_answer_that_is_no_number_is_refused():
    with pytest.raises(MetricError, match="hold nan at position 1"):
        pan_measures([0.1, float("nan")], [True, False])


def test_texts_of_one_group_are_drawn_together():
    answers, is_ai = [0.9, 0.2, 0.8, 0.4] * 5, [True, False] * 10
    found = pan_measures(answers, is_ai, groups=["a", "a", "b", "b"] * 5, bootstrap=FEW)
    assert found.c_at_1.low == found.c_at_1.high == 1.0


def test_a_missing_answer_counts_as_one_half():
    values, is_ai = align({"b": 0.9}, {"a": True, "b": False})
    assert values.tolist() == [0.5, 0.9]
    assert is_ai.tolist() == [True, False]


def test_an_answer_to_an_unknown_text_is_refused_as_pan_refuses_it():
    with pytest.raises(DataError, match="1 of 2 answers are to texts that the gold file does not have, such as 'c'"):
        align({"a": 0.1, "c": 0.9}, {"a": True})
    with pytest.raises(DataError, match="such as '1'"):
        align({"1": 0.1}, {1: True})
