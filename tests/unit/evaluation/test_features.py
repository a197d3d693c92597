import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.features import FEATURE_NAMES, feature_auroc, surface_features


def value(text, name):
    return surface_features([text])[0, FEATURE_NAMES.index(name)]


@pytest.mark.parametrize(
    ("name", "much", "little"),
    [
        ("newlines", "a\n\nb", "a b"),
        ("double_spaces", "one.  two", "one. two"),
        ("spaces_before_marks", "well , yes", "well, yes"),
        ("straight_quotes", '"so"', "“so”"),
        ("curly_quotes", "“so”", '"so"'),
        ("dashes", "a — b", "a - b"),
        ("markdown", "# Title\n- item", "Title item"),
        ("non_ascii", "é", "e"),
        ("ends_in_mark", "The end.", "cut in the mid"),
        ("chat_opener", "Sure! Here is it.", "Surely it is."),
        ("chat_opener", "Here’s the essay", "Heresy the essay"),
        ("digits", "1999", "year"),
        ("capitals", "NATO", "nato"),
        ("commas", "a, b; c", "a b c"),
        ("n_words", "one two", "onetwo"),
        ("word_length", "onetwo", "one two"),
        ("sentence_length", "one two three. ", "one. two. three. "),
    ],
)
def test_a_feature_sees_what_it_is_named_for(name, much, little):
    assert value(much, name) > value(little, name)


def test_an_empty_text_and_no_text_have_features_too():
    assert np.isfinite(surface_features([""])).all()
    assert surface_features([]).shape == (0, len(FEATURE_NAMES))


def test_a_formatting_giveaway_is_found_and_named():
    rng = np.random.default_rng(0)
    words = ["river", "stone", "cloud", "bird", "house"]
    texts = [" ".join(rng.choice(words, 30)) + "." for _ in range(60)]
    is_ai = np.arange(60) % 2 == 1
    marked = [text.replace(" ", "\n", 3) if ai else text for text, ai in zip(texts, is_ai, strict=True)]
    found = feature_auroc(marked, is_ai, groups=np.arange(60) // 2)
    assert found.combined > 0.95
    assert found.worst == "newlines"
    assert found.per_feature["newlines"] == 1.0
    assert feature_auroc(texts, is_ai).combined < 0.75
    assert feature_auroc(texts, is_ai, seed=1) == feature_auroc(texts, is_ai, seed=1)


def test_too_few_groups_are_counted():
    with pytest.raises(MetricError, match="the human texts come from 2 group"):
        feature_auroc(["a"] * 12, [0, 1] * 6, groups=[0, 0, 1, 1, 0, 2, 0, 3, 0, 4, 0, 5])


def test_one_class_is_named():
    with pytest.raises(MetricError, match="all 3 scored texts are ai"):
        feature_auroc(["a", "b", "c"], [1, 1, 1])


def test_five_groups_of_a_class_are_enough_and_one_is_not():
    is_ai = np.array([1] * 5 + [0] * 5)
    groups = np.arange(10)
    fold_with_all_ai = np.where(is_ai == 1, 0, 1)
    with pytest.raises(MetricError, match="come from 1 group"):
        feature_auroc(["a"] * 10, is_ai, groups=fold_with_all_ai)
    assert 0 <= feature_auroc(["a"] * 10, is_ai, groups=groups).combined <= 1
