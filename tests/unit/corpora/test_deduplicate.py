import pytest

from tain.core.errors import ConfigError
from tain.core.example import Example
from tain.corpora.deduplicate import Duplicate, deduplicate, find_duplicates

LONG = "The committee met on Monday and spoke for hours about the bridge that was never built over the river. "
TEXT = LONG + "Nobody agreed on the price, and everyone went home late and rather tired of the whole affair, as ever."
NEAR = TEXT.replace("late", "early")
OTHER = "A wholly different text about cats, dogs and the weather in the mountains during the month of May this year."


def example(name: str, text: str, label: str = "human") -> Example:
    return Example(name, text, label)


def test_a_text_that_differs_in_formatting_only_is_an_exact_duplicate() -> None:
    result = deduplicate({"a": [example("1", TEXT), example("2", f"**{TEXT.upper()}**\n")]})
    assert result.dropped == (Duplicate("2", "a", "1", "a", "exact", 1.0, True),)
    assert [e.id for e in result.kept["a"]] == ["1"]
    assert result.kept["a"][0].text == TEXT


def test_a_near_duplicate_is_dropped_with_its_similarity() -> None:
    result = deduplicate({"a": [example("1", TEXT), example("2", OTHER), example("3", NEAR)]})
    (dropped,) = result.dropped
    assert (dropped.id, dropped.of, dropped.kind) == ("3", "1", "near")
    n_shingles, n_changed = len(TEXT.split()) - 2, 3
    assert dropped.similarity == pytest.approx((n_shingles - n_changed) / (n_shingles + n_changed))


def test_a_light_rewrite_stays_in_its_split_and_goes_across_splits() -> None:
    rewrite = example("2", NEAR, "ai")
    assert deduplicate({"a": [example("1", TEXT), rewrite]}).dropped == ()
    across = deduplicate({"test": [example("1", TEXT)], "train": [rewrite]})
    assert across.kept == {"test": [example("1", TEXT)], "train": []}
    assert not across.dropped[0].is_label_same


def test_a_rewrite_of_a_test_text_goes_even_beside_a_closer_text_of_its_own_split() -> None:
    splits = {"test": [example("1", TEXT)], "train": [example("2", NEAR, "ai"), example("3", NEAR + " Yes.", "ai")]}
    dropped = deduplicate(splits).dropped
    assert [(d.id, d.of, d.of_split) for d in dropped] == [("2", "1", "test"), ("3", "1", "test")]


def test_the_first_split_loses_nothing_to_the_second() -> None:
    splits = {"test": [example("1", TEXT)], "train": [example("1", TEXT), example("2", OTHER)]}
    result = deduplicate(splits)
    assert [e.id for e in result.kept["test"]] == ["1"]
    assert [e.id for e in result.kept["train"]] == ["2"]


def test_a_higher_similarity_keeps_more() -> None:
    splits = {"a": [example("1", TEXT), example("2", NEAR)]}
    assert len(find_duplicates(splits, similarity=0.7)) == 1
    assert find_duplicates(splits, similarity=0.99) == []
    with pytest.raises(ConfigError, match="similarity of near repeats is 0"):
        find_duplicates(splits, similarity=0)


def test_short_texts_are_compared_whole() -> None:
    splits = {"a": [example("1", "Yes."), example("2", "No."), example("3", "yes.")]}
    assert [(d.id, d.kind) for d in find_duplicates(splits)] == [("3", "exact")]
