"""PAN's measures against its definitions, text by text, and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from tain.evaluation.bootstrap import Bootstrap
from tain.evaluation.pan import pan_measures

ANSWERS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1)
FEW = Bootstrap(4)


@st.composite
def answered(draw):
    answers = draw(st.lists(ANSWERS, min_size=1, max_size=30))
    is_ai = draw(st.lists(st.booleans(), min_size=len(answers), max_size=len(answers)))
    return answers, is_ai


@settings(max_examples=60, deadline=None)
@given(answered())
def test_the_measures_equal_a_count_text_by_text(sample):
    answers, is_ai = sample
    found = pan_measures(answers, is_ai, bootstrap=FEW)
    tp = fp = fn = n_open = n_right = 0
    for answer, ai in zip(answers, is_ai, strict=True):
        if answer == 0.5:
            n_open += 1
            continue
        n_right += (answer > 0.5) == ai
        tp += answer > 0.5 and ai
        fp += answer > 0.5 and not ai
        fn += answer < 0.5 and ai
    n = len(answers)
    assert found.c_at_1.value == pytest.approx((1 / n) * (n_right + n_open * n_right / n))
    below = 1.25 * tp + 0.25 * (fn + n_open) + fp
    assert found.f05u.value == (pytest.approx(1.25 * tp / below) if below else None)
    assert found.fpr.k == fp
    assert found.fnr.k == sum(is_ai) - tp
    assert found.answered.k == n - n_open


@settings(max_examples=60, deadline=None)
@given(answered())
def test_areas_and_f1_equal_those_of_scikit_learn(sample):
    answers, is_ai = np.array(sample[0]), np.array(sample[1])
    found = pan_measures(answers, is_ai, bootstrap=FEW)
    assert found.brier.value == pytest.approx(1 - reference.brier_score_loss(is_ai, answers, pos_label=True))
    f1 = reference.f1_score(is_ai, answers > 0.5, zero_division=np.nan)
    assert found.f1.value == (None if np.isnan(f1) else pytest.approx(f1))
    if len(set(sample[1])) == 2:
        area = reference.roc_auc_score(is_ai, answers)
        assert found.auroc.value == pytest.approx(area)
        parts = [area, found.brier.value, found.c_at_1.value, f1, found.f05u.value]
        assert found.mean.value == pytest.approx(np.mean(parts))
        table = reference.confusion_matrix(is_ai, answers >= 0.5, labels=[False, True])
        assert (found.fpr_2025.k, found.fnr_2025.k) == (table[0, 1], table[1, 0])
    else:
        assert found.auroc.value is None
        assert found.mean.value is None
