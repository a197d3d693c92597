import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from tain.core.errors import MetricError
from tain.evaluation.baselines import build_baseline
from tain.evaluation.ranking import auroc


def texts(n=80, seed=0):
    rng = np.random.default_rng(seed)
    is_ai = np.arange(n) % 2 == 1
    human, ai = ["gonna", "stuff", "kinda", "dog"], ["delve", "tapestry", "moreover", "dog"]
    return [" ".join(rng.choice(ai if flag else human, 12)) for flag in is_ai], is_ai


def tfidf():
    return build_baseline("tfidf-logistic")


def test_it_tells_two_vocabularies_apart_on_texts_it_has_not_seen():
    baseline = tfidf().fit(*texts(seed=0), seed=0)
    unseen, is_ai = texts(seed=1)
    assert auroc(baseline.score(unseen), is_ai) > 0.95


def test_the_same_seed_gives_the_same_scores_and_a_batch_does_not_matter():
    train, is_ai = texts()
    first, second = (tfidf().fit(train, is_ai, seed=1) for _ in range(2))
    assert np.array_equal(first.score(train), second.score(train))
    assert np.allclose(first.score(train)[:1], first.score(train[:1]), atol=1e-9)


def test_no_texts_have_no_scores():
    assert tfidf().fit(*texts()).score([]).shape == (0,)


def test_it_must_be_fitted_first():
    with pytest.raises(MetricError, match="Call fit first"):
        tfidf().score(["a text"])


def test_one_class_is_named():
    with pytest.raises(MetricError, match="all 2 scored texts are human"):
        tfidf().fit(["a b", "c d"], [0, 0])


def test_empty_texts_are_refused():
    with pytest.raises(MetricError, match="no n-gram is in two of the 2 texts"):
        tfidf().fit(["", ""], [0, 1])


def test_it_equals_the_slow_one_of_scikit_learn():
    train, is_ai = texts(n=60)
    unseen, _ = texts(n=20, seed=1)
    vectoriser = TfidfVectorizer(
        analyzer="char", ngram_range=(2, 4), lowercase=False, sublinear_tf=True, min_df=2, norm="l2"
    )
    slow = LogisticRegression(C=10.0, solver="liblinear", random_state=0).fit(vectoriser.fit_transform(train), is_ai)
    expected = slow.decision_function(vectoriser.transform(unseen))
    assert tfidf().fit(train, is_ai).score(unseen) == pytest.approx(expected, abs=0.02)


def test_a_text_unlike_all_others_scores_the_intercept():
    train, is_ai = texts()
    strange, empty = tfidf().fit(train, is_ai).score(["日本語", ""])
    assert strange == empty
