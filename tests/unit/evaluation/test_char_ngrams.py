from collections import Counter

import numpy as np
import pytest

from tain.evaluation.char_ngrams import char_ngrams


def plain(text, sizes=(2, 3, 4)):
    return Counter(text[i : i + size] for size in sizes for i in range(len(text) - size + 1))


def of_row(found, row):
    inside = found.rows == row
    return dict(zip(found.buckets[inside].tolist(), found.counts[inside].tolist(), strict=True))


@pytest.mark.parametrize("text", ["banana bread", "ab", "naïve 🙂🙂🙂", "a\ud800b", "aaaa"])
def test_each_ngram_is_counted_as_a_loop_over_the_string_would(text):
    found = of_row(char_ngrams(["other words", text, ""]), 1)
    assert sorted(found.values()) == sorted(plain(text).values())


def test_no_ngram_runs_from_one_text_into_the_next():
    assert char_ngrams(["a", "b", "", "cd"]).rows.tolist() == [3]
    assert char_ngrams(["", ""]).rows.size == 0


def test_a_text_counts_the_same_wherever_it_stands():
    texts = [f"text number {i}" for i in range(7)]
    assert of_row(char_ngrams(texts), 3) == of_row(char_ngrams([texts[3]]), 0)


def test_entries_come_by_text_and_bucket():
    found = char_ngrams(["some text", "and another"])
    cells = (found.rows << 20) | found.buckets
    assert (np.diff(cells) > 0).all()


def test_no_texts_give_no_rows():
    assert char_ngrams([]).n_rows == 0
