from collections import Counter

import numpy as np
import pytest

from tain.evaluation.stylometry import (
    FUNCTION_WORDS,
    MAX_CHARS,
    STYLE_NAMES,
    style_features,
    windowed_type_token_ratio,
    yules_k,
)

TEXT = "The dog saw the cat; the cat ran. It didn't stop -- did it? (No, it did not...)"


def feature(name, text=TEXT):
    return style_features([text])[0, STYLE_NAMES.index(name)]


def test_yules_k_of_a_table_worked_by_hand():
    # Two words once, one twice, one four times: N = 8, the sum of squares 22.
    assert yules_k(Counter({"a": 1, "b": 1, "c": 2, "d": 4})) == pytest.approx(1e4 * (22 - 8) / 64)
    assert yules_k(Counter("abcdef")) == 0.0
    assert yules_k(Counter()) == 0.0


def test_yules_k_hardly_depends_on_length_where_the_type_token_ratio_does():
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in rng.zipf(1.5, 4_000) if i < 500]
    short, long = Counter(words[:800]), Counter(words)
    assert yules_k(short) == pytest.approx(yules_k(long), rel=0.15)
    assert len(short) / 800 > 1.5 * len(long) / len(words)


def test_the_windowed_ratio_is_the_mean_over_all_windows():
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in rng.integers(0, 40, 130)]
    slow = np.mean([len(set(words[i : i + 50])) / 50 for i in range(len(words) - 49)])
    assert windowed_type_token_ratio(words) == pytest.approx(slow)
    assert windowed_type_token_ratio(["a", "b", "a"]) == pytest.approx(2 / 3)
    assert windowed_type_token_ratio([]) == 0.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sentence_mean", 17 / 3),
        ("word_the", 3 / 17),
        ("word_it", 3 / 17),
        ("word_not", 1 / 17),
        ("function_words", 8 / 17),
        ("semicolons", 1 / 17),
        ("questions", 1 / 17),
        ("commas", 1 / 17),
        ("dashes", 1 / 17),
        ("ellipses", 1 / 17),
        ("apostrophes", 1 / 17),
        ("full_stops", 2 / 17),
        ("brackets", 1 / 17),
        ("hapax_share", 7 / 17),
        ("type_token_ratio", 11 / 17),
        ("digits", 0.0),
    ],
)
def test_features_of_three_sentences_counted_by_hand(name, value):
    assert feature(name) == pytest.approx(value)


def test_the_spread_of_sentences_is_seen_and_its_ratio_to_their_length():
    assert feature("sentence_sd", "One two. One two three four. One two.") == pytest.approx(np.std([2, 4, 2]))
    assert feature("sentence_variation", "One two. One two three four. One two.") == pytest.approx(
        np.std([2, 4, 2]) / np.mean([2, 4, 2])
    )


def test_texts_without_words_and_in_any_script_give_finite_numbers():
    features = style_features(["", "   \n", "123 !!!", "日本語の文章です。", "\ud800", "a" * 100_000])
    assert features.shape == (6, len(STYLE_NAMES))
    assert np.isfinite(features).all()
    assert not features[0].any()


def test_no_texts_have_no_features():
    assert style_features([]).shape == (0, len(STYLE_NAMES))


def test_what_lies_beyond_the_first_twenty_thousand_characters_is_not_read():
    start = "A dog ran. " * (MAX_CHARS // 11 + 1)
    assert np.array_equal(style_features([start[:MAX_CHARS]]), style_features([start + "Zebras, zebras; zebras!"]))


def test_the_function_words_are_seventy_and_each_is_a_feature():
    assert len(set(FUNCTION_WORDS)) == 70
    assert {f"word_{word}" for word in FUNCTION_WORDS} <= set(STYLE_NAMES)
