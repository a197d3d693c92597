"""The small corpus of the demo: Python's documentation and its mirrors."""

import json
import re
import sys
from collections import Counter
from importlib.resources import files

import pytest

from tain.mirrors.python_docs import MAX_WORDS, MIN_WORDS, human_docs, recorded_mirrors


@pytest.fixture(scope="module")
def humans():
    return human_docs()


@pytest.fixture(scope="module")
def pairs(humans):
    by_id = {human.id: human for human in humans}
    return [(by_id[mirror.group], mirror) for mirror in recorded_mirrors(humans)]


def test_the_human_half_is_prose_of_this_interpreter_with_keys_of_its_own(humans):
    assert len({human.id for human in humans}) == len(humans) > 600
    assert all(MIN_WORDS <= len(human.text.split()) <= MAX_WORDS for human in humans)
    assert {human.domain for human in humans} == {"reference", "docstring"}


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="mirrors were written from Python 3.11")
def test_at_least_two_hundred_texts_have_a_mirror(pairs):
    assert len(pairs) >= 200


def test_a_mirror_has_its_parents_group_and_length(pairs):
    for parent, mirror in pairs:
        assert mirror.group == parent.group
        assert 0.8 <= len(mirror.text.split()) / len(parent.text.split()) <= 1.2


def test_a_mirror_copies_no_sentence(pairs):
    copying = [mirror.id for parent, mirror in pairs if runs(parent.text, 9) & runs(mirror.text, 9)]
    # Signatures and quoted command headings may recur.
    assert len(copying) <= 0.03 * len(pairs)


def test_mirrors_say_who_wrote_them_when_and_how():
    text = files("tain.mirrors").joinpath("recorded/python_docs.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    assert all(row["generator"] and re.fullmatch(r"\d{4}-\d\d-\d\d", row["date"]) for row in rows)
    ways = Counter(row["variant"] for row in rows)
    assert set(ways) == {"from_title", "rewrite", "continue", "style"}
    assert min(ways.values()) >= 40


def test_a_reworded_parent_loses_its_mirror(humans):
    from dataclasses import replace

    changed = [replace(human, text="Nothing is as it was. " + human.text) for human in humans]
    assert recorded_mirrors(changed) == []


def runs(text, n):
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}
