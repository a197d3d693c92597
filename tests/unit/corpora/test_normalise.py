import time
from pathlib import Path

import pytest

from tain.core.errors import ConfigError
from tain.corpora import normalise
from tain.corpora.normalise import get_normaliser

NORMALISER = get_normaliser(1)


def plain(text: str) -> str:
    return NORMALISER.normalise(text).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \n\t ", ""),
        ("a\n\nb\tc  d\r\ne", "a b c d e"),
        ("“x” ‘y’ it’s «z»", '"x" \'y\' it\'s "z"'),
        ("word—word word – word 3–5", "word - word word - word 3-5"),
        ("wait -- what? 1--2 run --fast", "wait - what? 1 - 2 run --fast"),
        ("so… then", "so... then"),
        ("ﬁne ｗｉｄｅ cafe\u0301", "fine wide café"),
        ("zero\u200bwidth soft\u00adhyphen \ufeffbom nul\x00", "zerowidth softhyphen bom nul"),
        ("half \ud83d pair", "half pair"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("x<br /><br />y <b>bold</b> &amp; &lt;tag&gt; 1 &amp;amp; 2", "x y bold & <tag> 1 & 2"),
        ("Map<String, Set<I>> stays", "Map<String, Set<I>> stays"),
    ],
)
def test_characters_and_spaces_are_unified(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# Title\n\n## Part\ntext", "Title Part text"),
        ("List:\n- one\n* two\n• three\n1. four\n2) five", "List: one two three four five"),
        ("1. one\nmore\n2. two", "one more two"),
        ("a polynomial of degree\n3. We show more", "a polynomial of degree 3. We show more"),
        (
            "**bold** *italic* ***both*** _under_ __two words__ ~~gone~~ `code`",
            "bold italic both under two words gone code",
        ),
        (
            "2 * 3 * 4, 2**3, a_b_c, __init__, f(*args, **kwargs)",
            "2 * 3 * 4, 2**3, a_b_c, __init__, f(*args, **kwargs)",
        ),
        ("see [the page](https://a.b/c_(d)) and f[i](x)", "see the page and f[i](x)"),
        ("```python\nx = 1\n```\nDone.", "x = 1 Done."),
        ("one\n---\ntwo\n* * *\nthree", "one two three"),
        ("> quoted\n>> twice", "quoted twice"),
        ("***", ""),
    ],
)
def test_markdown_goes_and_content_stays(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I do n't know , she 's ( here ) .", "I don't know, she's (here)."),
        ("a `` quoted '' word", 'a "quoted" word'),
        ("sad :( but ok :)", "sad :( but ok :)"),
        ("the '90s and .5 and .NET", "the '90s and .5 and .NET"),
        ("Quel jour ? Lundi !", "Quel jour? Lundi!"),
    ],
)
def test_tokenised_text_is_joined_again(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    "opener",
    [
        "Sure, here's the adjusted text with a more casual tone:\n\n",
        "Sure! ",
        "Certainly! Here is a revised version of your essay:\n\n",
        "Of course. Here's a story with 20 sentences based on the given prompt:",
        "**Here is a 7 sentence abstract for the article title:** ",
        "Okay, given the first sentence you provided, this is the possible continuation of the comments: ",
    ],
)
def test_chat_openers_go(opener: str) -> None:
    assert plain(opener + "The dog barked.") == "The dog barked."


@pytest.mark.parametrize(
    "text",
    [
        "Sure, I was angry.",
        "Of course I went home.",
        "Here's the thing: I like it.",
        "Okay, so this happened: I fell.",
        "Certainly not.",
        "Let me know if you can come.",
        "He said: I hope this helps you find peace. Then he left.",
        "Sure!",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    "closer", ["I hope this helps!", "Let me know if you need anything else.", "Feel free to ask more. Word count: 250"]
)
def test_chat_closers_go(closer: str) -> None:
    assert plain(f"The dog barked. {closer}") == "The dog barked."


def test_look_alikes_fold_inside_latin_text_only() -> None:
    assert plain("p\u0430yp\u0430l \u0441ode") == "paypal code"
    assert plain("n\u03bfte") == "note"
    assert plain("Привет, мир. API сор") == "Привет, мир. API сор"
    assert plain("α-helix") == "α-helix"


def test_offsets_lead_back_to_the_original() -> None:
    text = "Sure, here is the text:\n\n**A “word”** &amp; ﬁne…"
    result = NORMALISER.normalise(text)
    assert result.text == 'A "word" & fine...'
    assert [text[slice(*result.original_span(*span))] for span in [(0, 1), (2, 8), (9, 10), (11, 13), (15, 18)]] == [
        "A",
        "“word”",
        "&amp;",
        "ﬁ",
        "…",
    ]
    assert result.original_span(0, len(result.text)) == (text.index("A "), len(text))
    assert list(result.offsets)[-1] == len(text)
    assert result.original_span(2, 2) == (text.index("“"), text.index("“"))


def test_a_span_outside_the_text_is_refused() -> None:
    with pytest.raises(ConfigError, match="span 0:9 does not lie in a text of 4 characters"):
        NORMALISER.normalise("text").original_span(0, 9)


def test_marks_nested_without_end_are_still_done_in_bounded_time() -> None:
    deep = "*a " * 60 + "x" + " a*" * 60
    once = plain(deep)
    assert once == "a " * 60 + "x" + " a" * 60
    assert plain(once) == once


@pytest.mark.parametrize(
    "piece", ["*a ", "[a](", "<br ", "Sure, here is a text ", "I hope this helps. ", "(word count: 5) ", "1. "]
)
def test_hostile_repetition_takes_no_more_than_linear_time(piece: str) -> None:
    start = time.monotonic()
    once = plain(piece * (40_000 // len(piece)))
    assert plain(once) == once
    assert time.monotonic() - start < 5


def test_an_unknown_version_is_named() -> None:
    with pytest.raises(ConfigError, match=r"no text normaliser version 99; this tain knows \[1\]"):
        get_normaliser(99)
    assert get_normaliser().version == normalise.LATEST


def test_real_texts_stay_as_they_are_the_second_time(shared_data: Path) -> None:
    import polars as pl

    for name in ("train/biscope", "dev/glimpse", "pools/newsgroups20"):
        texts = pl.read_parquet(shared_data / f"{name}.parquet")["text"].sample(150, seed=0)
        for text in texts:
            result = NORMALISER.normalise(text)
            assert plain(result.text) == result.text
            assert list(result.offsets) == sorted(result.offsets)
