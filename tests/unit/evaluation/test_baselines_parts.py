import numpy as np
import pytest
from sklearn.ensemble import BaggingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from tain.core.errors import MetricError
from tain.evaluation.baselines.estimators import RankingNeighbours, RankingTree
from tain.evaluation.baselines.features import Joined, Reduced, Scaled, WordTfidf
from tain.evaluation.baselines.folds import calibrated, drawn
from tain.evaluation.baselines.labels import as_classes
from tain.evaluation.hashed_tfidf import HashedTfidf

TEXTS = ["a dog and a cat", "the cat sat", "a dog sat on the cat", "cats and dogs", "the end of it"]


@pytest.fixture(scope="module")
def cloud():
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 3
    return rng.normal(0, 1, (120, 4)) + labels[:, np.newaxis], labels


def test_a_ranking_tree_names_the_class_of_the_plain_one_and_is_never_certain(cloud):
    rows, labels = cloud
    plain = DecisionTreeClassifier(max_depth=4, random_state=0).fit(rows, labels)
    tree = RankingTree(max_depth=4, random_state=0).fit(rows, labels)
    chances = tree.predict_proba(rows)
    assert np.array_equal(chances.argmax(axis=1), plain.predict(rows))
    assert (chances > 0).all() and (chances < 1).all()
    assert chances.sum(axis=1) == pytest.approx(np.ones(120))


def test_a_ranking_tree_gives_a_leaf_of_k_in_n_one_more_than_k():
    tree = RankingTree(max_depth=1, random_state=0).fit([[0.0], [0.0], [0.0], [1.0]], [0, 0, 0, 1])
    assert tree.predict_proba([[0.0], [1.0]])[:, 1] == pytest.approx([1 / 5, 2 / 3])


def test_bagged_ranking_trees_tie_less_than_plain_ones(cloud):
    rows, labels = cloud
    first, second = (
        BaggingClassifier(tree, n_estimators=10, random_state=0).fit(rows[:60], labels[:60] > 0)
        for tree in (DecisionTreeClassifier(), RankingTree())
    )
    n_levels = [len(np.unique(model.predict_proba(rows[60:])[:, 1])) for model in (first, second)]
    assert n_levels[1] > 2 * n_levels[0]


def test_the_nearest_neighbours_are_those_of_scikit_learn_and_nearer_ones_say_more(cloud):
    rows, labels = cloud
    neighbours = RankingNeighbours(5).fit(rows[:100], labels[:100])
    plain = KNeighborsClassifier(5).fit(rows[:100], labels[:100])
    distances, places = plain.kneighbors(rows[100:])
    for chances, near, who in zip(neighbours.predict_proba(rows[100:]), distances, places, strict=True):
        votes = [
            sum(1 / (d + 0.05) for d, i in zip(near, who, strict=True) if labels[i] == c) + 1 / 3 for c in range(3)
        ]
        assert chances == pytest.approx(np.array(votes) / sum(votes))
    assert np.array_equal(neighbours.predict(rows[100:]), neighbours.predict_proba(rows[100:]).argmax(axis=1))


def test_words_are_those_of_scikit_learn_chosen_from_the_training_texts_alone():
    words = WordTfidf(max_words=3)
    rows = words.fit_transform(TEXTS)
    slow = TfidfVectorizer(max_features=3).fit(TEXTS)
    assert np.array_equal(rows, slow.transform(TEXTS).toarray())
    assert not words.transform(["zebra zebra zebra"]).any()


def test_texts_without_a_word_are_refused():
    with pytest.raises(MetricError, match="none of the 2 texts has a word"):
        WordTfidf().fit_transform(["", "!"])


def test_scaled_features_have_the_mean_of_the_training_texts_at_zero_and_no_outliers():
    def lengths(texts):
        return np.array([[float(len(text)), 1.0] for text in texts])

    scaled = Scaled(lengths)
    rows = scaled.fit_transform(TEXTS)
    assert rows.mean(axis=0) == pytest.approx([0, 0])
    assert rows[:, 0].std() == pytest.approx(1)
    assert np.array_equal(scaled.transform(TEXTS), rows)
    assert scaled.transform(["x" * 9_000])[0, 0] == 5.0


def test_reduced_features_keep_the_angles_of_the_texts():
    whole, reduced = HashedTfidf(), Reduced(HashedTfidf(), n_dimensions=4)
    full, few = whole.fit_transform(TEXTS).toarray(), reduced.fit_transform(TEXTS, seed=0)
    assert few.shape == (5, 4)
    assert few @ few.T == pytest.approx(full @ full.T, abs=0.15)
    assert np.array_equal(reduced.transform(TEXTS), few)
    with pytest.raises(MetricError, match="no axes yet"):
        Reduced(HashedTfidf()).transform(TEXTS)


def test_joined_features_stand_side_by_side():
    joined = Joined(WordTfidf(max_words=3), WordTfidf(max_words=2))
    assert joined.fit_transform(TEXTS).shape == (5, 5)
    assert np.array_equal(joined.transform(TEXTS)[:, :3], WordTfidf(max_words=3).fit_transform(TEXTS))


def test_a_part_is_drawn_with_the_shares_of_the_classes():
    classes = np.repeat([0, 1, 2], [700, 299, 1])
    kept = drawn(classes, most=100, seed=0)
    assert np.bincount(classes[kept]).tolist() == [70, 29, 1]
    assert np.array_equal(kept, np.unique(kept))
    assert np.array_equal(kept, drawn(classes, most=100, seed=0))
    assert not np.array_equal(kept, drawn(classes, most=100, seed=1))
    assert drawn(classes, most=None, seed=0).size == drawn(classes, most=1_000, seed=0).size == 1_000


def test_calibration_folds_keep_groups_whole():
    classes, groups = np.tile([0, 1], 30), np.repeat(np.arange(30), 2)
    model = calibrated(RankingTree(), classes, groups, seed=0, name="A tree")
    for train, test in model.cv:
        assert not set(groups[train]) & set(groups[test])


def test_too_few_groups_to_calibrate_over_are_counted():
    with pytest.raises(MetricError, match=r"A tree: .* class 1 has texts of 2 group\(s\)"):
        calibrated(RankingTree(), np.array([0, 0, 0, 1, 1]), np.arange(5), seed=0, name="A tree")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1], "there are 3 texts. Give one label per text"),
        (["human", "ai", "ai"], "expected class indices 0, 1, ... as whole numbers"),
        ([0.0, 1.0, 1.0], "labels are of type float64"),
        ([0, -1, 1], "labels hold -1"),
        ([0, 1, 3], "A tree cannot learn class 2 of 4: no training text has it"),
        ([1, 1, 1], "all 3 scored texts are ai"),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels, message):
    with pytest.raises(MetricError, match=message):
        as_classes(labels, n=3, name="A tree")
