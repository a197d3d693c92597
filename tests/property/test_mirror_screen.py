"""The screen against slow plain versions, on texts with many repeats."""

from hypothesis import given
from hypothesis import strategies as st

from tain.core.example import Example
from tain.mirrors.screen import reasons, screen, trim
from tain.mirrors.screen.copies import longest_run, repeated_share, shared_runs
from tain.mirrors.words import count_words, tokens

FEW_WORDS = st.lists(st.sampled_from("abc"), max_size=25)
PIECES = st.sampled_from(
    [
        '"',
        "“",
        "”",
        "Title: ",
        "# ",
        "**",
        "\n",
        "\n\n",
        "---",
        "```",
        "<think>",
        "</think>",
        "text: ",
        "The market. ",
        " ",
        "x",
        "中",
    ]
)
TEXTS = st.text(max_size=80) | st.lists(PIECES, max_size=14).map("".join)


def is_run(run, words):
    return any(tuple(words[i : i + len(run)]) == run for i in range(len(words) - len(run) + 1))


@given(FEW_WORDS, FEW_WORDS)
def test_the_longest_run_stands_in_both_and_none_is_longer(words, other):
    run = longest_run(words, other)
    assert is_run(run, words) and is_run(run, other)
    longer = len(run) + 1
    assert not any(is_run(tuple(words[i : i + longer]), other) for i in range(len(words) - longer + 1))
    assert len(run) == len(longest_run(other, words))


@given(FEW_WORDS, FEW_WORDS, st.integers(1, 4))
def test_shared_runs_are_counted(words, other, n):
    runs = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    assert shared_runs(words, other, n=n) == (sum(is_run(run, other) for run in runs), len(runs))


@given(FEW_WORDS)
def test_repeats_are_a_share(words):
    assert 0 <= repeated_share(words, n=2) < 1


@given(TEXTS, TEXTS)
def test_trimming_twice_changes_no_more_and_only_takes_away(text, parent):
    once = trim(text, parent=parent)
    assert trim(once.text, parent=parent) == type(once)(once.text)
    assert once.text in text


@given(TEXTS, TEXTS)
def test_every_text_gets_an_answer(parent, text):
    order = [reasons().index(each.reason) for each in screen(Example("p", parent, language="en"), text)]
    assert order == sorted(order)
    assert bool(text.strip()) or "empty" in {each.reason for each in screen(Example("p", parent), text)}


@given(TEXTS)
def test_words_are_at_least_tokens_of_spaced_scripts(text):
    assert (count_words(text) == 0) <= (not tokens(text))
