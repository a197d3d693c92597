from collections import Counter

import numpy as np
import pytest

from tain.evaluation import ngrams
from tain.evaluation.ngrams import N_BUCKETS, ngram_counts


def plain(text, sizes=(2, 3, 4)):
    return Counter(text[i : i + size] for size in sizes for i in range(len(text) - size + 1))


@pytest.mark.parametrize("text", ["banana bread", "ab", "naïve 🙂🙂🙂", "a\ud800b", "aaaa"])
def test_each_ngram_is_counted_as_a_loop_over_the_string_would(text):
    row = ngram_counts(["other words", text, ""])[1]
    assert sorted(row.data) == sorted(plain(text).values())


def test_no_ngram_runs_from_one_text_into_the_next():
    assert np.diff(ngram_counts(["a", "b", "", "cd"]).indptr).tolist() == [0, 0, 0, 1]
    assert np.diff(ngram_counts(["", ""]).indptr).tolist() == [0, 0]


def test_a_text_counts_the_same_wherever_it_stands(monkeypatch):
    texts = [f"text number {i}" for i in range(7)]
    whole = ngram_counts(texts)
    monkeypatch.setattr(ngrams, "BLOCK_TEXTS", 2)
    assert (whole != ngram_counts(texts)).nnz == 0
    assert (whole[3] != ngram_counts([texts[3]])).nnz == 0


def test_no_texts_give_no_rows():
    assert ngram_counts([]).shape == (0, N_BUCKETS)
