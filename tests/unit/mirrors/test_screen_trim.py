"""What may be taken off an answer."""

import pytest

from tain.mirrors.screen import Trimmed, trim

TEXT = 'The market opens at nine. He said "come early" to us.'


@pytest.mark.parametrize(
    ("answer", "removed"),
    [
        (TEXT, ()),
        (f"\n {TEXT} \n", ()),
        (f"“{TEXT}”", ("quotes",)),
        (f"«{TEXT}»", ("quotes",)),
        (f"Title: The Market\n\n{TEXT}", ("title",)),
        (f"**Title:** The Market\n{TEXT}", ("title",)),
        (f"Titel: Der Markt\n\n{TEXT}", ("title",)),
        (f"标题：市场\n\n{TEXT}", ("title",)),
        (f"# The Market\n\n{TEXT}", ("title",)),
        (f"**The Market**\n\n{TEXT}", ("title",)),
        (f"Rewritten text: {TEXT}", ("label",)),
        (f"**Simpler version:** {TEXT}", ("label",)),
        (f"---\n{TEXT}\n---", ("rule", "rule")),
        (f"```\n{TEXT}\n```", ("fence",)),
        (f"<text>\n{TEXT}\n</text>", ("tags",)),
        (f"<think>\nA market. Fine.\n</think>\n\n{TEXT}", ("thought",)),
        (f"<think>x</think>Title: Market\n\n“{TEXT}”", ("thought", "title", "quotes")),
    ],
)
def test_what_stands_around_a_text_goes(answer, removed):
    assert trim(answer) == Trimmed(TEXT, removed)


@pytest.mark.parametrize(
    "answer",
    [
        '"Come early," he said. "Or not at all."',
        "The market: a history of trade.",
        "Title deeds: they matter.",
        "Text messages are short: they must be.",
        "**Bold** words stay where they are.",
        "Sure! Here is the text:\n\nThe market opens.",
        "The essay: it was late.",
        "'Tis the season of the farmers'",
    ],
)
def test_what_belongs_to_a_text_stays(answer):
    assert trim(answer).text == answer


def test_what_the_parent_has_too_stays():
    answer = f"Title: The Market\n\n{TEXT}"
    assert trim(answer, parent="Title: My Shop\n\nIt opens at ten.").text == answer
    assert trim(answer, parent="My Shop\n\nIt opens at ten.").removed == ("title",)


def test_an_answer_of_nothing_but_marks_is_left():
    assert trim('""').text == '""'
    assert trim("").text == ""
