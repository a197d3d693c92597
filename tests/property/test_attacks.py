"""What every attack keeps to, on any text."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tain.evaluation.attacks.homoglyph import LOOKALIKES
from tain.evaluation.attacks.places import links
from tain.evaluation.attacks.registry import LOCAL, get_attack
from tain.evaluation.attacks.sentence_splice import SentenceSplice

DONORS = ["A donor said this. It said that too!", "Another one? Yes."]
NAMES = [*LOCAL, "truncation_3", "sentence_splice"]

WORDS = ["the", "a", "An", "color", "GREY", "decided", "because", "It's", "12.5", "1990", "é", "ß", "ǆ", "İ", "٣", "²"]
MARKS = [
    "\n",
    "\n\n",
    " ",
    "  ",
    ". ",
    "! It",
    "? ",
    "**",
    "# ",
    "- ",
    "`",
    "_",
    "[",
    "](",
    ")",
    "\r\n",
    "\t",
    "\u2028",
]
ODD = ["http://a.b/c1?the", "me@color.org", "\u200b", "漢字", "🙂", "e\u0301"]
PIECES = st.sampled_from([*WORDS, *MARKS, *ODD])
TEXTS = st.lists(PIECES | st.text(max_size=5), max_size=40).map(" ".join) | st.lists(PIECES, max_size=40).map("".join)
STRENGTHS = st.sampled_from([0.0, 0.05, 0.29, 0.5, 1.0]) | st.floats(0, 1)
SEEDS = st.integers(0, 2**32 - 1)


def attack_of(name):
    return SentenceSplice(DONORS) if name == "sentence_splice" else get_attack(name)


ATTACKS = {name: attack_of(name) for name in NAMES}


def attacked(name, text, strength, seed):
    return ATTACKS[name].apply(text, strength=strength, rng=np.random.default_rng(seed))


def outside(text, spans):
    starts, ends = [0, *(end for _, end in spans)], [*(start for start, _ in spans), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(TEXTS, STRENGTHS, SEEDS)
def test_outside_its_spans_an_attack_changes_nothing(name, text, strength, seed):
    made = attacked(name, text, strength, seed)
    spans, places = made.spans.tolist(), made.original_spans.tolist()
    assert made.n_edits == len(spans) == len(places)
    for length, each in ((len(made.text), spans), (len(text), places)):
        flat = [end for span in each for end in span]
        assert flat == sorted(flat) and all(0 <= end <= length for end in flat)
    assert outside(made.text, spans) == outside(text, places)
    if strength == 0:
        assert (made.text, made.n_edits) == (text, 0)
    if not made.n_edits:
        assert made.text == text


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(TEXTS, STRENGTHS, SEEDS)
def test_the_same_seed_makes_the_same_text(name, text, strength, seed):
    first, second = (attacked(name, text, strength, seed) for _ in range(2))
    assert first.text == second.text
    assert first.spans.tolist() == second.spans.tolist()


@pytest.mark.parametrize(
    "name", sorted({*NAMES} - {"truncation", "truncation_3", "sentence_splice", "markdown_stripping"})
)
@settings(max_examples=30, deadline=None)
@given(TEXTS, STRENGTHS, SEEDS)
def test_addresses_stay_whole(name, text, strength, seed):
    made = attacked(name, text, strength, seed)
    for start, end in links(text):
        assert text[start:end] in made.text


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30, deadline=None)
@given(TEXTS, SEEDS, st.floats(0, 1), st.floats(0, 1))
def test_more_strength_makes_no_fewer_edits(name, text, seed, one, other):
    weak, strong = (attacked(name, text, strength, seed).n_edits for strength in sorted((one, other)))
    # Which marks are drawn decides how many of them are pairs; which sentences, whether a donor differs from the text.
    if name not in ("markdown_stripping", "sentence_splice"):
        assert weak <= strong


@settings(deadline=None)
@given(TEXTS, STRENGTHS, SEEDS)
def test_zero_width_spaces_are_all_that_is_inserted(text, strength, seed):
    made = attacked("zero_width_space", text, strength, seed)
    assert made.text.replace("\u200b", "") == text.replace("\u200b", "")
    assert made.text.count("\u200b") == text.count("\u200b") + made.n_edits


@settings(deadline=None)
@given(TEXTS, STRENGTHS, SEEDS)
def test_white_space_attacks_change_white_space_alone(text, strength, seed):
    for name in ("whitespace", "insert_paragraphs", "newline_stripping"):
        made = attacked(name, text, strength, seed)
        assert made.text.split() == text.split()
    assert "\n" not in attacked("newline_stripping", text, 1.0, seed).text


@settings(deadline=None)
@given(TEXTS, STRENGTHS, SEEDS)
def test_numbers_keep_their_number_of_digits(text, strength, seed):
    made = attacked("number", text, strength, seed)
    assert re.sub(r"[0-9]", "0", made.text) == re.sub(r"[0-9]", "0", text)
    for (start, end), (old_start, old_end) in zip(made.spans, made.original_spans, strict=True):
        assert made.text[start:end] != text[old_start:old_end]


@settings(deadline=None)
@given(TEXTS, STRENGTHS, SEEDS)
def test_homoglyphs_go_back_by_the_table(text, strength, seed):
    back = str.maketrans({other: latin for latin, others in LOOKALIKES.items() for other in others})
    made = attacked("homoglyph", text, strength, seed)
    assert made.text.translate(back) == text.translate(back)


@settings(deadline=None)
@given(TEXTS, STRENGTHS, SEEDS)
def test_flipped_letters_are_the_same_letters(text, strength, seed):
    made = attacked("upper_lower", text, strength, seed)
    assert len(made.text) == len(text)
    for start, end in made.spans:
        assert made.text[start:end] == text[start:end].swapcase() != text[start:end]


@settings(deadline=None)
@given(TEXTS, STRENGTHS, SEEDS)
def test_an_article_goes_with_one_word_each(text, strength, seed):
    made = attacked("article_deletion", text, strength, seed)
    assert len(made.text.split()) == len(text.split()) - made.n_edits


@settings(deadline=None)
@given(TEXTS, STRENGTHS, SEEDS)
def test_a_truncated_text_is_a_beginning_and_never_shorter_than_asked(text, strength, seed):
    made = attacked("truncation_3", text, strength, seed)
    assert text.startswith(made.text)
    assert len(made.text.split()) >= min(3, len(text.split()))
    assert len(attacked("truncation_3", text, 1.0, seed).text.split()) == min(3, len(text.split()))
