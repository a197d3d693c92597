import time

import pytest

from tain.evaluation.attacks.base import Edit
from tain.evaluation.attacks.places import count_tokens, links, outside_links, sentences, words


def pieces(text, spans):
    return [text[start:end] for start, end in spans]


def test_words_are_runs_of_letters_without_a_possessive():
    text = "The dog's bone, isn't it? abc123 snake_case naïve l’été O'Neill’s"
    assert pieces(text, words(text)) == ["The", "dog", "bone", "isn't", "it", "naïve", "l’été", "O'Neill"]


def test_tokens_are_words_and_marks():
    assert count_tokens("Isn't it, 3.5 km?") == 6


def test_addresses_are_found():
    text = "See https://a.example/x?y=1, www.b.example or mail me.too@c.example."
    assert pieces(text, links(text)) == ["https://a.example/x?y=1,", "www.b.example", "me.too@c.example"]
    assert links("An @ and a :// and www. alone") == []


def test_edits_inside_an_address_are_dropped_and_those_beside_it_stay():
    text = "a http://b.c d"
    start, end = links(text)[0]
    inside = [Edit(start, start + 1, "x"), Edit(start + 1, start + 1, "x"), Edit(end - 1, end + 1, "x")]
    beside = [Edit(start - 1, start, "x"), Edit(start, start, "x"), Edit(end, end, "x"), Edit(end, end + 1, "x")]
    assert outside_links(text, inside) == []
    assert outside_links(text, beside) == beside


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two!  Three?\n\nFour", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. No met J. Bond, e.g. here. He left.", ["Dr. No met J. Bond, e.g. here.", "He left."]),
        ('"Stop." She did. (Later.) Then', ['"Stop."', "She did.", "(Later.)", "Then"]),
        ("It cost 3.50 and v1. 2 was out. ok", ["It cost 3.50 and v1.", "2 was out. ok"]),
        ("  One. ", ["One."]),
        (" \n ", []),
        ("", []),
    ],
)
def test_sentences(text, found):
    assert pieces(text, sentences(text)) == found


@pytest.mark.parametrize("text", ["a" * 100_000 + "@", "." * 100_000 + "www.", "a." * 50_000 + "@", " " * 100_000])
def test_long_runs_cost_no_more_than_their_length(text):
    start = time.process_time()
    links(text), list(words(text)), sentences(text), count_tokens(text)
    assert time.process_time() - start < 2
