"""Skeletons: common words, marks and stars, and runs of one to four of them."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tain.evaluation.skeleton_ngrams import SIZES, common_words, skeleton, skeleton_ngrams


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Danube rises in Germany.", "the ^* * in ^* ."),
        ("It's 2,850 km long, don't you think?", "it's # , # * long , don't you think ?"),
        ("Don’t they say so", "don't they say so"),
        ("_The_ ½ __init__ ___ of_it", "the # * ___ *"),
        ("", ""),
    ],
)
def test_only_common_words_and_marks_are_read(text, expected):
    assert skeleton(text) == expected.split()


def test_three_hundred_words_are_common_and_none_is_a_topic():
    assert len(common_words()) == 300
    assert {"the", "however", "because"} <= common_words()
    assert not {"restaurant", "theorem", "students", "novel"} & common_words()


def test_what_a_text_is_about_does_not_count():
    one, other = (skeleton_ngrams([text]) for text in ("A gull crossed the harbour.", "A lemma bounded the spectrum."))
    np.testing.assert_array_equal(one.buckets, other.buckets)
    np.testing.assert_array_equal(one.counts, other.counts)
    assert not np.array_equal(one.buckets, skeleton_ngrams(["A Gull crossed the harbour."]).buckets)


WORDS = st.lists(st.sampled_from(["the", "Of", "gull", "Gull", "7", ",", ".", "é"]), max_size=9).map(" ".join)


@given(st.lists(WORDS | st.text(max_size=30), max_size=4))
def test_runs_are_counted_as_one_by_one_and_none_crosses_into_the_next_text(texts):
    found = skeleton_ngrams(texts)
    assert found.n_rows == len(texts)
    for row, text in enumerate(texts):
        words = skeleton(text)
        expected = Counter(tuple(words[i : i + n]) for n in SIZES for i in range(len(words) - n + 1))
        counts = found.counts[found.rows == row]
        assert sorted(counts.tolist()) == sorted(map(float, expected.values()))
