"""Each attack that is a rule and a draw: at strength 1 on a text whose every candidate is known."""

import numpy as np
import pytest

from tain.evaluation.attacks.homoglyph import LOOKALIKES
from tain.evaluation.attacks.registry import get_attack
from tain.evaluation.attacks.word_lists import misspellings, synonyms

RULES = [
    ("alternative_spelling", "The color of Grey tyres.", "The colour of Gray tires."),
    ("article_deletion", "It is the end of a day, an odd one. The a", "It is end of day, odd one. The a"),
    ("article_deletion", "for the a the one", "for one"),
    ("insert_paragraphs", "One. Two.\n\nThree. Four", "One. \n\nTwo.\n\nThree. \n\nFour"),
    ("upper_lower", "The ß isn't NATO's. éa 漢字 x", "the ß Isn't nATO's. Éa 漢字 X"),
    ("zero_width_space", "ab a@b.cc\n", "a\u200bb\u200b \u200ba@b.cc\u200b\n\u200b"),
    ("newline_stripping", "\n a \n\n b\r\nc  d\n", "a b c  d"),
    ("truncation_2", "One  two, three. ", "One  two,"),
    ("truncation_3", "One  two, three. ", "One  two, three. "),
]

RAID_STRENGTHS = {
    "alternative_spelling": 1.0,
    "article_deletion": 0.5,
    "homoglyph": 1.0,
    "insert_paragraphs": 0.5,
    "number": 0.5,
    "paraphrase": 1.0,
    "perplexity_misspelling": 0.2,
    "synonym": 0.5,
    "upper_lower": 0.05,
    "whitespace": 0.2,
    "zero_width_space": 1.0,
}


def attacked(name, text, *, strength=1.0, seed=0):
    return get_attack(name).apply(text, strength=strength, rng=np.random.default_rng(seed))


@pytest.mark.parametrize(("name", "text", "expected"), RULES)
def test_at_full_strength_every_candidate_is_edited(name, text, expected):
    assert attacked(name, text).text == expected


def test_homoglyphs_are_letters_of_the_table_and_addresses_keep_their_code_points():
    text = "Max copies www.ibex.example now"
    made = attacked("homoglyph", text)
    assert made.n_edits == sum(char in LOOKALIKES for char in "Max copies  now")
    assert all(made.text[start] in LOOKALIKES[text[start]] for start, _ in made.spans)
    assert "www.ibex.example" in made.text
    assert len({attacked("homoglyph", "BEHIX", seed=seed).text for seed in range(30)}) > 10


def test_numbers_change_and_keep_their_digits_and_point():
    made = attacked("number", "In 1999 it was 3.14 or 7. See http://x.example/42")
    assert [made.text[start:end].replace(".", "") != "" for start, end in made.spans] == [True] * 3
    for (start, end), old in zip(made.spans, ("1999", "3.14", "7"), strict=True):
        new = made.text[start:end]
        assert len(new) == len(old) and new != old and new.find(".") == old.find(".")
    assert all(attacked("number", "7", seed=seed).text != "7" for seed in range(50))


def test_misspellings_and_synonyms_are_of_the_lists():
    text = "They decided to keep the large car."
    made = attacked("misspelling", text)
    assert made.n_edits == sum(word in misspellings() for word in text.lower().rstrip(".").split())
    made = attacked("synonym", text)
    assert [text[start:end] for start, end in made.original_spans] == ["decided", "keep", "large", "car"]
    assert all(
        made.text[a:b] in synonyms()[text[c:d]] for (a, b), (c, d) in zip(made.spans, made.original_spans, strict=True)
    )


def test_names_have_no_synonyms():
    assert attacked("synonym", "Large and LARGE").n_edits == 0


def test_misspellings_are_counted_by_all_words_and_marks():
    text = "because " * 10
    assert attacked("misspelling", text, strength=0.2).n_edits == 2
    assert attacked("misspelling", text + "9 " * 10, strength=0.2).n_edits == 4


def test_white_space_is_added_as_often_as_there_are_pieces():
    made = attacked("whitespace", "a b\nc d", strength=1.0)
    assert made.n_edits == 3
    assert made.text.replace(" ", "") == "ab\ncd"
    assert len(made.text) == 10


def test_a_truncation_below_full_strength_cuts_that_share_of_the_words_too_many():
    text = " ".join("abcdefghij")
    assert attacked("truncation_2", text, strength=0.5).text == "a b c d e f"


@pytest.mark.parametrize(
    ("name", "strength"),
    RAID_STRENGTHS.items(),
)
def test_strengths_are_those_of_raid(name, strength, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_MODEL", "none")
    attack = get_attack(name)
    assert (attack.raid_name, attack.default_strength) == (name, strength)
