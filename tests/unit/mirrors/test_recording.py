import asyncio

import pytest

from tain.core.errors import DataError
from tain.core.example import Example
from tain.mirrors.recording import RecordedMirrors, parse_recorded
from tain.mirrors.request import UnansweredError
from tain.mirrors.screen import Rules
from tain.mirrors.store_rows import text_sha256

PARENT = Example("p0", "One two three four five six.", "human", group="g0")
ROW = {"parent": "p0", "text": "A mirror.", "opening": "One two three four five"}


def recorded(*rows):
    return RecordedMirrors(parse_recorded(enumerate(rows, 1), place="m.jsonl"), rules=Rules())


def look_up(mirrors, parent=PARENT, attempt=0):
    request = mirrors.request(parent, attempt=attempt, topic=None)
    return request, asyncio.run(mirrors.generate(request))


def test_a_mirror_is_found_by_its_parent_with_where_it_came_from():
    row = ROW | {"generator": "m1", "date": "2024-05-01", "variant": "rewrite", "template": "essay"}
    request, answer = look_up(recorded(row))
    assert (answer.text, answer.model, answer.date) == ("A mirror.", "m1", "2024-05-01")
    assert (request.model, request.variant, request.template, request.group) == ("m1", "rewrite", "essay", "g0")


@pytest.mark.parametrize(
    "proof", [{"opening": "One two three four six"}, {"opening": None, "parent_sha256": text_sha256("other")}]
)
def test_the_mirror_of_a_changed_parent_is_refused(proof):
    with pytest.raises(UnansweredError, match="was changed since its mirror was written"):
        look_up(recorded(ROW | proof))


def test_the_hash_of_the_whole_text_counts_for_more_than_its_opening():
    row = ROW | {"opening": "something else", "parent_sha256": text_sha256(PARENT.text)}
    assert look_up(recorded(row))[1].text == "A mirror."


def test_several_mirrors_of_a_parent_are_tried_in_order():
    mirrors = recorded(ROW, ROW | {"text": "Another."})
    assert [look_up(mirrors, attempt=n)[1].text for n in range(2)] == ["A mirror.", "Another."]
    assert mirrors.n_answers("p0") == 2
    with pytest.raises(UnansweredError, match="no mirror of 'p0' is recorded"):
        look_up(mirrors, attempt=2)


def test_a_parent_without_a_mirror_is_left_to_others():
    mirrors = recorded(ROW)
    assert mirrors.n_answers("p7") is None
    with pytest.raises(UnansweredError, match="no mirror of 'p7'"):
        look_up(mirrors, Example("p7", "text", "human"))


@pytest.mark.parametrize("row", [{"text": "x", "opening": "y"}, {"parent": "p0", "opening": "y"}])
def test_a_row_without_parent_or_text_is_named(row):
    with pytest.raises(DataError, match=r"m\.jsonl, line 1: expected a row with parent and text"):
        recorded(row)


def test_a_row_that_does_not_say_which_text_it_mirrors_is_refused():
    with pytest.raises(DataError, match="line 2: nothing says which text 'p0' was"):
        recorded(ROW, {"parent": "p0", "text": "x"})


def test_a_recorded_text_is_screened_too():
    mirrors = recorded(ROW)
    request, answer = look_up(mirrors)
    assert "length" in [each.reason for each in mirrors.judge(PARENT, request, answer).rejections]
