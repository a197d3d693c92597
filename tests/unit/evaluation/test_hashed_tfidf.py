"""Hashed TF-IDF against scikit-learn's, where no n-grams share a bucket."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from tain.core.errors import MetricError
from tain.evaluation import hashed_tfidf
from tain.evaluation.hashed_tfidf import HashedTfidf, NgramTfidf
from tain.evaluation.word_ngrams import word_ngrams

TEXTS = ["one two three four", "one two five, one", "six seven eight?", "six seven nine"]
OTHERS = ["two one seven", "", "nothing known"]


@pytest.mark.parametrize(
    ("features", "options"),
    [
        (HashedTfidf(), {"analyzer": "char", "ngram_range": (2, 4), "lowercase": False}),
        (HashedTfidf(word_ngrams), {"token_pattern": r"\w+|[^\w\s]", "ngram_range": (1, 2)}),
    ],
)
def test_rows_are_like_those_of_scikit_learn(features, options):
    theirs = TfidfVectorizer(sublinear_tf=True, min_df=2, **options)
    # Columns have other places, so the rows' products with each other are compared.
    own, expected = features.fit_transform(TEXTS), theirs.fit_transform(TEXTS)
    np.testing.assert_allclose((own @ own.T).toarray(), (expected @ expected.T).toarray(), atol=1e-5)
    own, expected = features.transform(OTHERS) @ own.T, theirs.transform(OTHERS) @ expected.T
    np.testing.assert_allclose(own.toarray(), expected.toarray(), atol=1e-5)


def test_each_block_has_length_one():
    features = NgramTfidf()
    rows = features.fit_transform(TEXTS)
    ends = np.cumsum([len(block.vocabulary.columns) for block in features.blocks.values()])
    assert len(ends) == 3 and ends[-1] == rows.shape[1]
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        block = rows[:, start:end]
        np.testing.assert_allclose(np.sqrt(block.multiply(block).sum(axis=1)), 1, atol=1e-5)
    assert (features.transform(TEXTS) != rows).nnz == 0


def test_a_row_is_the_same_whatever_the_block(monkeypatch):
    features = HashedTfidf()
    whole = features.fit_transform(TEXTS)
    monkeypatch.setattr(hashed_tfidf, "BLOCK_TEXTS", 2)
    assert (features.fit_transform(TEXTS) != whole).nnz == 0
    assert (features.transform(TEXTS[3:]) != whole[3]).nnz == 0


def test_no_texts_give_no_rows():
    features = HashedTfidf()
    width = features.fit_transform(TEXTS).shape[1]
    assert features.transform([]).shape == (0, width)


def test_texts_that_share_nothing_are_told():
    with pytest.raises(MetricError, match="no n-gram is in two of the 2 texts"):
        HashedTfidf().fit_transform(["abc", "xyz"])
