"""Wrong labels come first, by each kind of evidence and by all together, in whatever order the texts stand."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from tain.analysis.influence.blocks import Block
from tain.analysis.influence.datainf import DataInf
from tain.analysis.influence.estimator import influence
from tain.analysis.suspects.combine import combine
from tain.analysis.suspects.confident import confident
from tain.analysis.suspects.evidence import Evidence, by_confidence, by_influence, by_neighbours
from tain.analysis.suspects.neighbours import disagreement, nearest
from tain.core.errors import ConfigError, DataError

NAMES = ("human", "ai", "mixed")
N = 600


def made(seed, *, n_labels=2, share=0.2):
    """Texts as points around the mean of their class, with a share of labels flipped."""
    rng = np.random.default_rng(seed)
    true = rng.integers(n_labels, size=N)
    states = rng.normal(size=(N, 12)) + 3.5 * rng.normal(size=(n_labels, 12))[true]
    is_wrong = rng.random(N) < share
    labels = np.where(is_wrong, (true + rng.integers(1, n_labels, size=N)) % n_labels, true)
    return states, labels, is_wrong, true


def all_evidence(states, labels, true):
    model = LogisticRegression(C=0.1)
    p = cross_val_predict(model, states, labels, method="predict_proba", cv=5)
    fitted = model.fit(states, labels).predict_proba(states)
    rows = lambda targets: ((fitted - np.eye(fitted.shape[1])[targets])[:, :, None] * states[:, None, :]).reshape(N, -1)  # noqa: E731
    gradients = rows(labels).astype(np.float32)
    harm = influence(DataInf(DataInf.settings_type()), [Block("head", gradients, rows(true)[:200].mean(axis=0))])
    return [
        by_influence(harm),
        by_confidence(p, labels, names=NAMES),
        by_neighbours(states, labels, names=NAMES),
    ]


@pytest.mark.parametrize("n_labels", [2, 3])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_fifth_of_flipped_labels_is_found(seed, n_labels):
    states, labels, is_wrong, true = made(seed, n_labels=n_labels)
    evidence = all_evidence(states, labels, true)
    found = combine(evidence)
    aucs = {each.name: roc_auc_score(is_wrong, each.scores) for each in evidence}
    assert aucs["out_of_fold"] > 0.9 and aucs["neighbours"] > 0.9 and aucs["influence"] > 0.8
    assert roc_auc_score(is_wrong, found.scores) > 0.9
    assert is_wrong[found.order[:60]].mean() > 0.9
    assert all(np.isfinite(each.scores).all() for each in evidence)
    assert roc_auc_score(is_wrong, found.n_reasons) > 0.9
    wrong, right = int(found.order[0]), int(found.order[-1])
    assert found.reasons(wrong) and not found.reasons(right)


def test_the_estimated_share_of_wrong_labels_is_near_the_true_one():
    states, labels, is_wrong, _ = made(5)
    p = cross_val_predict(LogisticRegression(C=0.1), states, labels, method="predict_proba", cv=5)
    found = confident(p, labels)
    assert abs(found.noise - is_wrong.mean()) < 0.06
    assert found.joint.sum() == pytest.approx(1)
    np.testing.assert_allclose(found.joint.sum(axis=1), np.bincount(labels) / N)


def test_clean_labels_of_a_sure_model_raise_nothing():
    labels = np.arange(30) % 3
    p = np.where(np.eye(3)[labels] > 0, 0.98, 0.01)
    found = by_confidence(p, labels, names=NAMES)
    assert set(found.reasons) == {""} and confident(p, labels).noise == pytest.approx(0)


def test_a_class_that_the_model_is_unsure_of_needs_less_to_be_believed():
    # Class 1 is never given more than 0.4, and 0.38 is more than its mean.
    labels = np.array([0, 0, 0, 1, 1, 1])
    ones = np.array([0.05, 0.1, 0.38, 0.4, 0.35, 0.36])
    found = confident(np.c_[1 - ones, ones], labels)
    assert found.thresholds[1] == pytest.approx(0.37) and found.likely[2] == 1
    assert found.likely[0] == found.likely[1] == 0


def test_a_class_without_texts_is_never_believed():
    found = confident(np.array([[0.2, 0.3, 0.5], [0.3, 0.2, 0.5]]), np.array([0, 1]))
    assert found.thresholds[2] == np.inf and 2 not in found.likely


@given(
    data=st.data(),
    n=st.integers(2, 25),
    n_labels=st.integers(1, 4),
    k=st.integers(1, 30),
    has_groups=st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_the_order_of_the_texts_does_not_matter_and_no_score_is_nan(data, n, n_labels, k, has_groups):
    # Whole numbers make many ties, and zeros texts without a direction.
    states = np.array(data.draw(st.lists(st.tuples(*[st.integers(-1, 2)] * 3), min_size=n, max_size=n)), dtype=float)
    labels = np.array(data.draw(st.lists(st.integers(0, n_labels - 1), min_size=n, max_size=n)))
    groups = np.array(data.draw(st.lists(st.integers(0, n), min_size=n, max_size=n))) if has_groups else None
    raw = np.array(data.draw(st.lists(st.tuples(*[st.integers(0, 3)] * n_labels), min_size=n, max_size=n)), dtype=float)
    p = (raw + 1e-3) / (raw + 1e-3).sum(axis=1, keepdims=True)
    turn = np.array(data.draw(st.permutations(range(n))))

    def scored(order):
        own = None if groups is None else groups[order]
        names = [f"label {i}" for i in range(n_labels)]
        return combine(
            [
                by_confidence(p[order], labels[order], names=names),
                by_neighbours(states[order], labels[order], names=names, groups=own, n_neighbours=k),
                by_influence(raw[order].sum(axis=1)),
            ]
        )

    plain, turned = scored(np.arange(n)), scored(turn)
    np.testing.assert_allclose(turned.scores, plain.scores[turn])
    assert [turned.reasons(i) for i in range(n)] == [plain.reasons(i) for i in turn]
    assert np.isfinite(plain.scores).all() and plain.scores.min() > 0 and plain.scores.max() <= 1
    assert sorted(plain.order) == list(range(n))


@given(seed=st.integers(0, 1000), n=st.integers(2, 30), k=st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_neighbours_are_those_of_a_plain_loop(seed, n, k):
    rng = np.random.default_rng(seed)
    states, labels, groups = rng.normal(size=(n, 5)), rng.integers(2, size=n), rng.integers(n, size=n)
    found = disagreement(states, labels, groups=groups, n_neighbours=k)
    unit = states / np.linalg.norm(states, axis=1, keepdims=True)
    for i in range(n):
        others = sorted((j for j in range(n) if groups[j] != groups[i]), key=lambda j: -unit[i] @ unit[j])[:k]
        expected = np.mean([labels[j] != labels[i] for j in others]) if others else 0.5
        assert found[i] == pytest.approx(expected)


def test_a_mirror_beside_its_parent_is_no_evidence_against_it():
    rng = np.random.default_rng(0)
    places = rng.normal(size=(40, 8))
    states = np.repeat(places, 2, axis=0) + 1e-4 * rng.normal(size=(80, 8))
    labels, groups = np.tile([0, 1], 40), np.repeat(np.arange(40), 2)
    alone = disagreement(states, labels, n_neighbours=1)
    grouped = disagreement(states, labels, groups=groups, n_neighbours=4)
    assert (alone == 1).all() and abs(grouped.mean() - 0.5) < 0.1


def test_the_scale_of_scores_has_no_say():
    scores = np.random.default_rng(0).normal(size=(2, 50))
    none = ("",) * 50
    one = combine([Evidence("a", scores[0], none), Evidence("b", scores[1], none)])
    two = combine([Evidence("a", np.exp(30 * scores[0]), none), Evidence("b", scores[1] / 1e6, none)])
    np.testing.assert_array_equal(one.scores, two.scores)


def test_influence_gives_a_reason_only_to_texts_that_harm():
    found = by_influence(np.array([-3.0, -1.0, -2.0, 0.0]), share=0.5)
    assert set(found.reasons) == {""}
    assert [bool(line) for line in by_influence(np.arange(10.0), share=0.2).reasons] == [False] * 8 + [True] * 2


def test_what_cannot_be_scored_is_refused():
    labels, states = np.array([0, 1]), np.ones((2, 2))
    for p in (np.ones((2, 2)), np.ones((3, 2)) / 2, np.array([[np.nan, 1.0], [0.5, 0.5]]), np.empty((0, 2))):
        with pytest.raises(DataError):
            confident(p, labels)
    with pytest.raises(DataError, match="class indices from 0 to 1"):
        confident(np.ones((2, 2)) / 2, np.array([0, 2]))
    with pytest.raises(DataError, match="NaN or infinity"):
        disagreement(states * np.nan, labels)
    with pytest.raises(DataError, match="expected one for each"):
        disagreement(states, labels, groups=np.arange(3))
    with pytest.raises(ConfigError, match="n_neighbours is 0"):
        disagreement(states, labels, n_neighbours=0)
    with pytest.raises(DataError, match="NaN or infinite"):
        Evidence("loss", np.array([1.0, np.nan]), ("", ""))
    with pytest.raises(DataError, match="must be numbers"):
        by_influence(np.array([np.nan]))
    with pytest.raises(ConfigError, match="share is 0"):
        by_influence(np.ones(3), share=0)
    with pytest.raises(ConfigError, match="expected one or more kinds"):
        combine([])
    with pytest.raises(DataError, match="different numbers"):
        combine([Evidence("a", np.ones(2), ("",) * 2), Evidence("b", np.ones(3), ("",) * 3)])


@pytest.mark.parametrize("case", ["two", "four"])
def test_confident_learning_is_that_of_cleanlab(case):
    golden = json.loads((Path(__file__).parents[2] / "golden" / "confident_learning.json").read_text())[case]
    labels, p = np.array(golden["labels"]), np.array(golden["probabilities"])
    found = confident(p, labels)
    np.testing.assert_allclose(found.thresholds, golden["thresholds"], atol=1e-9)
    np.testing.assert_allclose(found.joint, golden["joint"], atol=1 / len(labels))  # cleanlab rounds to whole texts
    np.testing.assert_allclose(np.exp(-found.loss), golden["self_confidence"], atol=1e-9)
    counts = np.zeros((p.shape[1], p.shape[1]), dtype=int)
    np.add.at(counts, (labels[found.likely >= 0], found.likely[found.likely >= 0]), 1)
    np.testing.assert_array_equal(counts, golden["counts"])
    doubted = (found.likely >= 0) & (found.likely != labels)
    assert doubted.tolist() == golden["off_the_diagonal"]


def test_the_nearest_texts_are_those_of_a_plain_loop_outside_the_group():
    rng = np.random.default_rng(3)
    states, groups = rng.normal(size=(20, 4)), np.repeat(np.arange(10), 2)
    unit = states / np.linalg.norm(states, axis=1, keepdims=True)
    for place in range(20):
        found, likeness = nearest(states, place, groups=groups, n_neighbours=4)
        expected = sorted((i for i in range(20) if groups[i] != groups[place]), key=lambda i: -unit[i] @ unit[place])[
            :4
        ]
        assert found.tolist() == expected
        np.testing.assert_allclose(likeness, unit[expected] @ unit[place])
    assert len(nearest(states[:1], 0)[0]) == 0
