"""Hashed words and pairs against plain counting."""

import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tain.evaluation.hashed_tfidf import NgramTfidf
from tain.evaluation.word_ngrams import word_ngram_counts

TEXT = st.text(alphabet="aB. ,é\ud800\n1", max_size=30)


def plain(text):
    tokens = re.findall(r"\w+|[^\w\s]", text.lower())
    return Counter(tokens) + Counter(pairwise(tokens))


@given(st.lists(TEXT, max_size=6))
@settings(deadline=None)
def test_counts_are_those_of_a_dictionary(texts):
    counts = word_ngram_counts(texts)
    assert counts.shape == (len(texts), 2**20)
    for row, text in zip(counts, texts, strict=True):
        # Buckets have no names, so the counts themselves are compared; so few n-grams share none.
        assert sorted(row.data.tolist()) == sorted(plain(text).values())


@given(st.lists(TEXT, min_size=2, max_size=6))
@settings(deadline=None)
def test_a_pair_does_not_run_on_into_the_next_text(texts):
    together = word_ngram_counts(texts)
    apart = [word_ngram_counts([text]) for text in texts]
    for row, own in zip(together, apart, strict=True):
        assert (row != own).nnz == 0


def test_more_texts_than_a_block_holds():
    texts = [f"text {i % 7} here" for i in range(600)]
    counts = word_ngram_counts(texts)
    assert (counts[:7] != counts[7:14]).nnz == 0
    assert counts.sum() == 600 * 5


@pytest.fixture
def texts():
    return ["one two three four", "one two five", "six seven eight", "six seven nine"]


def test_both_blocks_have_length_one(texts):
    features = NgramTfidf()
    rows = features.fit_transform(texts)
    n_chars = len(features.chars.columns)
    for block in (rows[:, :n_chars], rows[:, n_chars:]):
        np.testing.assert_allclose(np.sqrt(block.multiply(block).sum(axis=1)), 1, atol=1e-5)
    assert (features.transform(texts) != rows).nnz == 0
