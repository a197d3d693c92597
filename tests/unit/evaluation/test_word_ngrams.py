"""Hashed words and pairs against plain counting."""

import re
from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tain.evaluation.word_ngrams import word_ngrams

TEXT = st.text(alphabet="aB. ,é\ud800\n1", max_size=30)


def plain(text):
    tokens = re.findall(r"\w+|[^\w\s]", text.lower())
    return Counter(tokens) + Counter(pairwise(tokens))


def of_row(found, row):
    inside = found.rows == row
    return dict(zip(found.buckets[inside].tolist(), found.counts[inside].tolist(), strict=True))


@given(st.lists(TEXT, max_size=6))
def test_counts_are_those_of_a_dictionary(texts):
    found = word_ngrams(texts)
    assert found.n_rows == len(texts)
    for row, text in enumerate(texts):
        # Buckets have no names, so the counts themselves are compared; so few n-grams share none.
        assert sorted(of_row(found, row).values()) == sorted(plain(text).values())


@given(st.lists(TEXT, min_size=2, max_size=6))
def test_a_pair_does_not_run_on_into_the_next_text(texts):
    together = word_ngrams(texts)
    for row, text in enumerate(texts):
        assert of_row(together, row) == of_row(word_ngrams([text]), 0)
