import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.samples import as_groups, as_is_ai, as_sample, as_scores, need_both_classes


def test_scores_become_float64_and_labels_flags():
    scores, is_ai = as_sample(np.array([1, 2], dtype=np.float32), [0, 1])
    assert scores.dtype == np.float64
    assert is_ai.tolist() == [False, True]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_score_that_is_not_finite_is_named_with_its_position(bad):
    with pytest.raises(MetricError, match=rf"scores hold {bad} at position 1 \(1 of 3"):
        as_scores([0.0, bad, 1.0])


def test_scores_of_two_classes_are_refused():
    with pytest.raises(MetricError, match=r"shape \(2, 2\)"):
        as_scores([[0.1, 0.9], [0.2, 0.8]])


def test_labels_must_be_as_many_as_scores():
    with pytest.raises(MetricError, match=r"shape \(3,\), but there are 2 scores"):
        as_sample([0.0, 1.0], [0, 1, 1])


@pytest.mark.parametrize(("labels", "odd"), [([0, 2], "2"), ([-1, 1], "-1"), (["human", "ai"], "'human'")])
def test_labels_other_than_0_and_1_are_refused(labels, odd):
    with pytest.raises(MetricError, match=f"is_ai holds {odd}"):
        as_is_ai(labels, n=2)


@pytest.mark.parametrize(("flags", "present"), [([True, True], "ai"), ([False], "human")])
def test_a_single_class_is_named(flags, present):
    with pytest.raises(MetricError, match=f"scored texts are {present}"):
        need_both_classes(np.array(flags), metric="AUROC")


def test_an_empty_sample_is_said_to_be_empty():
    with pytest.raises(MetricError, match="no scored texts"):
        need_both_classes(np.array([], dtype=bool), metric="AUROC")


def test_groups_are_numbered_and_counted():
    index, n_groups = as_groups(["b", "a", "b"], n=3)
    assert index.tolist() == [0, 1, 0]
    assert n_groups == 2


def test_without_groups_each_text_is_one():
    index, n_groups = as_groups(None, n=3)
    assert index.tolist() == [0, 1, 2]
    assert n_groups == 3


@pytest.mark.parametrize("unknown", [None, ""])
def test_texts_without_a_group_do_not_become_one(unknown):
    index, n_groups = as_groups([unknown, "a", unknown, "a"], n=4)
    assert index.tolist() == [0, 1, 2, 1]
    assert n_groups == 3


def test_groups_must_be_as_many_as_scores():
    with pytest.raises(MetricError, match="one group per score"):
        as_groups(["a"], n=2)
