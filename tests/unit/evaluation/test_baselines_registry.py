"""One table, every classical detector, the same checks."""

from functools import cache

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tain.core.errors import ConfigError, MetricError
from tain.evaluation.baselines import BASELINES, SETS, baseline_names, build_baseline
from tain.evaluation.baselines import learners as learners_module
from tain.evaluation.baselines.learners import LEARNERS

HUMAN, AI, OTHER = map(
    str.split,
    (
        "gonna stuff kinda dog, cat; the of upon I we said went out home late",
        "delve tapestry moreover dog cat the of upon intricate underscore realm crucial pivotal",
        "quark boson lattice the of upon measured gauge field spin",
    ),
)
NEEDS_CALIBRATION = {"tfidf-linear-svm", "words-linear-svm", "words-rbf-svm", "style-linear-svm"}


@pytest.fixture(scope="module", autouse=True)
def _few_trees():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learners_module, "N_TREES", 20)
        patch.setattr(learners_module, "N_ROUNDS", 5)
        yield


def written(n, vocabularies, *, seed=0):
    """Texts of as many kinds as vocabularies, in turn; each kind ends its sentences in its own way."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % len(vocabularies)
    ends = [".", "!", " ..."]
    texts = []
    for label in labels:
        sentences = [" ".join(rng.choice(vocabularies[label], 4 + 5 * label)) for _ in range(3)]
        texts.append((ends[label] + " ").join(sentences).capitalize() + ends[label])
    return texts, labels


TRAIN, LABELS = written(90, [HUMAN, AI])
TEST, TEST_LABELS = written(40, [HUMAN, AI], seed=1)


@cache
def fitted(name):
    return build_baseline(name).fit(TRAIN, LABELS, seed=3)


@pytest.mark.parametrize("name", BASELINES)
class TestEveryBaseline:
    def test_it_ranks_ai_above_human_with_finite_scores(self, name):
        scores = fitted(name).score(TEST)
        assert scores.shape == (40,)
        assert np.isfinite(scores).all()
        assert roc_auc_score(TEST_LABELS, scores) > 0.9

    def test_the_same_seed_gives_the_same_scores_and_a_batch_does_not_matter(self, name):
        first, second = fitted(name), build_baseline(name).fit(TRAIN, LABELS, seed=3)
        assert np.array_equal(first.score(TEST), second.score(TEST))
        assert first.score(TEST[:3]) == pytest.approx(first.score(TEST)[:3], abs=1e-9)
        assert first.score([]).shape == (0,)

    def test_three_classes_have_probabilities_and_no_score(self, name):
        texts, labels = written(90, [HUMAN, AI, OTHER])
        unseen, expected = written(30, [HUMAN, AI, OTHER], seed=1)
        baseline = build_baseline(name).fit(texts, labels)
        chances = baseline.predict_proba(unseen)
        assert chances.shape == (30, 3)
        assert chances.sum(axis=1) == pytest.approx(np.ones(30))
        assert (chances.argmax(axis=1) == expected).mean() > 0.8
        assert baseline.predict_proba([]).shape == (0, 3)
        with pytest.raises(MetricError, match="fitted to 3 classes, and a score tells two apart. Use predict_proba"):
            baseline.score(unseen)

    def test_probabilities_agree_with_the_scores_that_need_none(self, name):
        calibrated = fitted(name)
        if name in NEEDS_CALIBRATION:
            calibrated = build_baseline(name, has_probabilities=True).fit(TRAIN, LABELS, seed=3)
        scores, chances = fitted(name).score(TEST), calibrated.predict_proba(TEST)
        assert np.array_equal(scores, calibrated.score(TEST))
        order = np.argsort(scores)
        assert (np.diff(chances[order, 1]) >= -1e-9).all()
        assert ((chances >= 0) & (chances <= 1)).all()

    def test_it_must_be_fitted_first(self, name):
        with pytest.raises(MetricError, match="has no weights yet. Call fit first"):
            build_baseline(name).score(["a text"])
        with pytest.raises(MetricError, match="has no weights yet. Call fit first"):
            build_baseline(name).predict_proba(["a text"])

    def test_one_class_is_named(self, name):
        with pytest.raises(MetricError, match="all 2 scored texts are human"):
            build_baseline(name).fit(["a b", "c d"], [0, 0])

    def test_texts_never_seen_the_like_of_have_a_score(self, name):
        strange = fitted(name).score(["", "日本語", "\ud800", "1" * 30_000])
        assert np.isfinite(strange).all()


@pytest.mark.parametrize("name", sorted(NEEDS_CALIBRATION))
def test_support_vectors_give_probabilities_only_when_asked(name):
    with pytest.raises(MetricError, match="gives margins, no probabilities. Build it with has_probabilities=True"):
        fitted(name).predict_proba(TEST)


def test_flags_and_class_indices_are_the_same_labels():
    flags = build_baseline("style-logistic").fit(TRAIN, LABELS == 1, seed=3)
    assert np.array_equal(flags.score(TEST), fitted("style-logistic").score(TEST))


def test_a_learner_with_a_limit_is_fitted_to_a_part_and_says_so(monkeypatch):
    few = dict(LEARNERS)
    monkeypatch.setitem(few, "rbf-svm", learners_module.Learner("RBF SVM", LEARNERS["rbf-svm"].build, 50, "it is slow"))
    monkeypatch.setattr("tain.evaluation.baselines.registry.LEARNERS", few)
    baseline = build_baseline("words-rbf-svm").fit(TRAIN, LABELS)
    assert baseline.notes == (
        "400 words + RBF SVM was fitted to 50 of 90 training texts, drawn by seed, because it is slow.",
    )
    assert roc_auc_score(TEST_LABELS, baseline.score(TEST)) > 0.9


def test_without_a_limit_there_is_nothing_to_say():
    assert fitted("words-tree").notes == ()


def test_the_seven_of_the_authorship_study_are_a_set():
    learners = ["linear-svm", "rbf-svm", "knn", "tree", "forest", "bagging", "boosting"]
    assert SETS["authorship"] == tuple(f"words-{learner}" for learner in learners)


def test_sets_open_into_their_members_each_once():
    assert baseline_names(["words-tree", "authorship", "words-tree"])[:2] == ["words-tree", "words-linear-svm"]
    assert len(baseline_names(["words-tree", "authorship"])) == 7
    assert baseline_names(["all"]) == list(BASELINES)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match="no baseline 'words-forrest'.*Did you mean words-forest"):
        build_baseline("words-forrest")
    with pytest.raises(ConfigError, match="no baseline 'everything'"):
        baseline_names(["everything"])
