"""What is written passes its check and comes back as it was, whatever ids and numbers there are."""

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from tain.evaluation.submissions import pan, raid, semeval
from tain.evaluation.submissions.json_array import read_array
from tain.evaluation.submissions.raid_metadata import RaidMetadata

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
IDS = WORDS | st.integers(-(10**12), 10**12) | st.integers(0, 99).map(str)
METADATA = RaidMetadata("x", "me", "2025-01-01")
ODD = st.none() | st.booleans() | WORDS | st.lists(st.integers(), max_size=2) | st.sampled_from([math.nan, math.inf])


def answers(values, *, low=0):
    return st.dictionaries(IDS, values, min_size=low, max_size=12)


@settings(max_examples=60, deadline=None)
@given(answers(st.floats(0, 1), low=3))
def test_pan_answers_come_back_as_they_were(tmp_path_factory, given_answers):
    path = tmp_path_factory.mktemp("pan") / "answers.jsonl"
    pan.write(path, given_answers.items())
    assert pan.check(path, against=given_answers) == []
    assert pan.read(path) == given_answers


@settings(max_examples=60, deadline=None)
@given(answers(st.floats(allow_nan=False, allow_infinity=False), low=1))
def test_raid_scores_come_back_as_they_were(tmp_path_factory, given_scores):
    folder = tmp_path_factory.mktemp("raid") / "glass"
    raid.write(folder, given_scores.items(), metadata=METADATA)
    assert raid.check(folder, against=given_scores) == []
    assert raid.read(folder) == given_scores


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(WORDS | st.integers(0, 10**6).map(str), st.integers(0, 5), min_size=1, max_size=12))
def test_semeval_labels_come_back_as_they_were(tmp_path_factory, given_labels):
    path = tmp_path_factory.mktemp("semeval") / "subtask_b.jsonl"
    semeval.write(path, given_labels.items(), subtask="B")
    assert semeval.check(path, subtask="B", against=given_labels) == []
    names = semeval.LABELS["B"].names
    found = {example.id: names.index(example.label) for example in semeval.read_gold(path, subtask="B")}
    assert found == given_labels


@settings(max_examples=60, deadline=None)
@given(answers(st.floats(0, 1), low=3), st.data(), ODD)
def test_one_bad_label_is_found_on_its_line(tmp_path_factory, given_answers, data, odd):
    path = tmp_path_factory.mktemp("pan") / "answers.jsonl"
    rows = [{"id": identity, "label": label} for identity, label in given_answers.items()]
    line = data.draw(st.integers(1, len(rows)))
    rows[line - 1]["label"] = odd
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [problem.line for problem in pan.check(path, against=given_answers)] == [line]


@settings(max_examples=60, deadline=None)
@given(answers(st.floats(0, 1), low=1), st.sampled_from([None, 0, 1, 4]))
def test_an_array_is_read_however_it_is_laid_out(tmp_path_factory, given_scores, indent):
    path = tmp_path_factory.mktemp("raid") / "predictions.json"
    rows = [{"id": identity, "score": score} for identity, score in given_scores.items()]
    path.write_text(json.dumps(rows, indent=indent), encoding="utf-8")
    found = list(read_array(path))
    assert [row for _, row in found] == rows
    lines = path.read_text(encoding="utf-8").split("\n")
    assert all("{" in lines[line - 1] for line, _ in found)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_no_bytes_break_a_check(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("answers.jsonl", "predictions.json", "metadata.json"):
        (folder / name).write_bytes(content)
    assert pan.check(folder / "answers.jsonl")
    assert semeval.check(folder / "answers.jsonl", subtask="A")
    assert raid.check(folder)
