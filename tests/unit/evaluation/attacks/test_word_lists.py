import numpy as np
import pytest

from tain.core.errors import DataError
from tain.evaluation.attacks import word_lists
from tain.evaluation.attacks.word_lists import misspellings, spellings, swap, swappable, synonyms


def swapped(text, table):
    return [swap(edit, table, np.random.default_rng(0)).new for edit in swappable(text, table)]


def test_the_lists_know_what_they_should():
    assert spellings()["color"] == ("colour",)
    assert spellings()["colour"] == ("color",)
    assert "teh" in misspellings()["the"]
    assert "determined" in synonyms()["decided"]


@pytest.mark.parametrize("table", [spellings, misspellings, synonyms])
def test_every_row_holds_other_words_than_its_own(table):
    for word, others in table().items():
        assert others and word not in others, word
        assert all(each.isascii() and each.isalpha() and each.islower() for each in (word, *others)), word


def test_a_list_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(word_lists, "FOLDER", tmp_path)
    with pytest.raises(DataError, match=r"synonyms.tsv: the word list of an attack is missing"):
        synonyms.__wrapped__()


def test_function_words_have_no_synonyms():
    assert {"the", "might", "after", "before", "having", "he", "but"}.isdisjoint(synonyms())


def test_a_swap_keeps_the_case():
    assert swapped("color Color COLOR", spellings()) == ["colour", "Colour", "COLOUR"]


def test_words_of_mixed_case_inside_longer_words_or_addresses_stay():
    assert swapped("CoLor recolorizer color1 a_color www.color.com color@color.com", spellings()) == []


def test_a_possessive_keeps_its_s():
    (edit,) = swappable("the color's", spellings())
    assert (edit.start, edit.end) == (4, 9)


def test_which_of_several_words_is_drawn():
    (edit,) = swappable("The", misspellings())
    drawn = {swap(edit, misspellings(), np.random.default_rng(seed)).new for seed in range(30)}
    assert drawn == {word.capitalize() for word in misspellings()["the"]}
