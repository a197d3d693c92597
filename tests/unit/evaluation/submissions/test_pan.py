import json

import pytest

from tain.core.errors import DataError
from tain.evaluation.pan import align, pan_measures
from tain.evaluation.submissions import pan

ANSWERS = [("a", 0.0), ("b", 0.5), ("c", 1.0), ("d", 0.25)]


def written(tmp_path, *lines, name="answers.jsonl"):
    path = tmp_path / name
    path.write_bytes(b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines))
    return path


def row(**fields):
    return json.dumps(fields)


GOOD = [row(id=name, label=label) for name, label in ANSWERS]


def reasons(path, **more):
    return [(problem.line, problem.reason) for problem in pan.check(path, **more)]


def test_what_is_written_is_accepted_and_read_again(tmp_path):
    pan.write(tmp_path / "answers.jsonl", ANSWERS)
    assert pan.check(tmp_path / "answers.jsonl", against=["a", "b", "c", "d"]) == []
    assert pan.read(tmp_path / "answers.jsonl") == dict(ANSWERS)
    assert (tmp_path / "answers.jsonl").read_text().splitlines()[1] == '{"id": "b", "label": 0.5}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (row(id="x", label="0.9"), "the label is '0.9'; expected a number"),
        (row(id="x", label=None), "the label is null; expected a number"),
        (row(id="x", label=True), "the label is True; expected a number"),
        (row(id="x", label=[True, False]), "the label is [True, False]; expected a number"),
        (row(id="x"), "there is no label"),
        (row(label=0.1), "there is no id"),
        (row(id=None, label=0.1), "the id is null; expected a string or a whole number"),
        (row(id=1.5, label=0.1), "the id is 1.5; expected a string or a whole number"),
        (row(id="\ud800", label=0.1), "the id '\\ud800' holds half a surrogate pair; it cannot be written as UTF-8"),
        ('{"id": "x", "label": NaN}', "the label is nan; expected a finite number"),
        ('{"id": "x", "label": -Infinity}', "the label is -inf; expected a finite number"),
        (row(id="x", label=3.2), "the label is 3.2; expected 0 (human) to 1 (AI), 0.5 for no answer. Is it a logit?"),
        (row(id="a", label=0.1), "the id 'a' stands on line 1 too; ids must differ"),
        ("[1, 2]", "is [1, 2]; expected one object, with an id, on each line"),
        (b'{"id": "caf\xe9", "label": 0.1}', "byte 0xE9 at position 12 is not UTF-8; save it as UTF-8"),
        (b'\xef\xbb\xbf{"id": "x", "label": 0.1}', "begins with a byte order mark; save it as UTF-8 without one"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, reason):
    assert reasons(written(tmp_path, *GOOD, line)) == [(5, reason)]


def test_a_line_that_is_no_json_is_named_and_the_rest_is_read(tmp_path):
    found = reasons(written(tmp_path, GOOD[0], "{'id': 'b'}", GOOD[2], row(id="a", label=2)))
    assert [line for line, _ in found] == [2, 4, 4]
    assert found[0][1].startswith("is no JSON: ")


def test_ids_are_compared_with_the_input(tmp_path):
    path = written(tmp_path, *GOOD)
    assert reasons(path, against=["a", "b", "c", "d", "e", "f"]) == [
        (None, "2 of 6 ids of the input have no row: 'e', 'f'")
    ]
    assert reasons(path, against=["a", "b", "c"]) == [(4, "the id 'd' is not in the input")]


def test_a_number_that_became_a_string_is_told(tmp_path):
    lines = [row(id=str(i), label=0.1) for i in range(3)]
    found = reasons(written(tmp_path, *lines), against=range(3))
    assert found[0] == (1, "the id '0' is not in the input, which has the number 0")
    assert found[3] == (None, "3 of 3 ids of the input have no row: 0, 1, 2")
    back = reasons(written(tmp_path, *[row(id=i, label=0.1) for i in range(3)]), against=["0", "1", "2"])
    assert back[0] == (1, "the id 0 is not in the input, which has the string '0'")


def test_the_file_itself_can_be_wrong(tmp_path):
    assert reasons(tmp_path / "none.jsonl", against=["a"]) == [(None, "there is no such file")]
    assert reasons(written(tmp_path, *GOOD, name="a.json")) == [(None, "the suffix is .json; expected .jsonl")]
    assert reasons(written(tmp_path)) == [(None, "holds no row; expected one for each text")]
    assert reasons(written(tmp_path, *GOOD[:2])) == [(None, "has 2 answers; PAN expects 3 or more")]


def test_blank_lines_are_passed_over_and_lines_still_counted(tmp_path):
    assert reasons(written(tmp_path, "", *GOOD[:3], "", row(id="d", label=9)))[0][0] == 6


def test_a_problem_says_where(tmp_path):
    path = written(tmp_path, *GOOD, row(id="x", label=2))
    assert str(pan.check(path)[0]).startswith(f"{path}:5: the label is 2; ")


@pytest.mark.parametrize("answer", [float("nan"), -0.1, 1.5, float("inf")])
def test_a_bad_answer_is_not_written(tmp_path, answer):
    path = tmp_path / "answers.jsonl"
    with pytest.raises(DataError, match=r"answers\.jsonl:2: the label is .*\nNothing was written\."):
        pan.write(path, [("a", 0.1), ("b", answer)])
    assert not path.exists()


def test_many_bad_answers_are_counted(tmp_path):
    with pytest.raises(DataError, match="and 7 more"):
        pan.write(tmp_path / "answers.jsonl", [(str(i), 2.0) for i in range(10)])


def test_answers_with_a_problem_are_not_read(tmp_path):
    with pytest.raises(DataError, match=r":5: the label is 2; .*tain submission check pan"):
        pan.read(written(tmp_path, *GOOD, row(id="x", label=2)))


def test_a_gold_file_becomes_examples(tmp_path):
    path = written(
        tmp_path,
        row(id="a", label=0, model="human", genre="news", source="pan24"),
        row(id="b", label=1, model="gpt-4o", genre="essays", text="Words."),
        name="truth.jsonl",
    )
    first, second = pan.read_gold(path)
    assert (first.id, first.label, first.generator, first.domain, first.source) == (
        "a",
        "human",
        "human",
        "news",
        "pan24",
    )
    assert (second.label, second.text, second.text and second.group) == ("ai", "Words.", "b")
    answers, is_ai = align({"a": 0.2}, {each.id: each.label == "ai" for each in (first, second)})
    assert pan_measures(answers, is_ai).c_at_1.value == (1 + 1 / 2) / 2


def test_the_pairs_of_2024_are_read_as_its_evaluator_reads_them(tmp_path):
    pairs = [[True, False], [False, True]]
    path = written(tmp_path, *[row(id=str(i), label=pair) for i, pair in enumerate(pairs)], name="truth.jsonl")
    assert [each.label for each in pan.read_gold(path)] == ["human", "ai"]
    with pytest.raises(DataError, match=r"truth\.jsonl:1: the label \[True, True\] names no side"):
        pan.read_gold(written(tmp_path, row(id="a", label=[True, True]), name="truth.jsonl"))


@pytest.mark.parametrize("label", [0.3, 2, "1", None, True])
def test_a_gold_label_that_is_none_is_refused(tmp_path, label):
    with pytest.raises(DataError, match=r"truth\.jsonl:1: the label is .*expected a (whole )?number"):
        pan.read_gold(written(tmp_path, row(id="a", label=label), name="truth.jsonl"))
