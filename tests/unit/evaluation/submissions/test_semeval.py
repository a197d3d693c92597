import json

import pandas as pd
import pytest

from tain.core.errors import DataError
from tain.evaluation.submissions import semeval


def written(tmp_path, *rows):
    path = tmp_path / "subtask_a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def reasons(path, subtask="A", **more):
    return [(problem.line, problem.reason) for problem in semeval.check(path, subtask=subtask, **more)]


def test_what_is_written_is_accepted_with_ids_as_the_task_has_them(tmp_path):
    path = tmp_path / "subtask_a.jsonl"
    semeval.write(path, [("0", 1), ("1", 0), ("x2", 1)], subtask="A")
    assert path.read_text() == '{"id": 0, "label": 1}\n{"id": 1, "label": 0}\n{"id": "x2", "label": 1}\n'
    assert semeval.check(path, subtask="A", against=[0, 1, "x2"]) == []


def test_the_organisers_own_reading_finds_every_row(tmp_path):
    """Their checker and scorer: pandas, two columns, no NA, labels 0 to 5, joined on the id."""
    path = tmp_path / "subtask_b.jsonl"
    semeval.write(path, [(str(i), i % 6) for i in range(12)], subtask="B")
    frame = pd.read_json(path, lines=True)[["id", "label"]]
    assert frame["label"].isin(range(6)).all()
    gold = pd.DataFrame({"id": range(12), "label": [i % 6 for i in range(12)]})
    assert (frame.merge(gold, on="id")["label_x"] == frame.merge(gold, on="id")["label_y"]).sum() == 12


@pytest.mark.parametrize(
    ("subtask", "label", "reason"),
    [
        ("A", 2, "the label is 2; expected a whole number from 0 to 1"),
        ("B", 6, "the label is 6; expected a whole number from 0 to 5"),
        ("A", -1, "the label is -1; expected a whole number from 0 to 1"),
        ("A", 1.0, "the label is 1.0; expected a whole number from 0 to 1"),
        ("A", 0.7, "the label is 0.7; expected a whole number from 0 to 1"),
        ("A", "1", "the label is '1'; expected a number"),
        ("A", None, "the label is null; expected a number"),
        ("A", True, "the label is True; expected a number"),
    ],
)
def test_a_bad_label_is_named(tmp_path, subtask, label, reason):
    path = written(tmp_path, {"id": 0, "label": 0}, {"id": 1, "label": label})
    assert reasons(path, subtask) == [(2, reason)]


def test_labels_of_b_are_bad_in_a_though_the_organisers_let_them_through(tmp_path):
    path = written(tmp_path, {"id": 0, "label": 5})
    assert reasons(path, "B") == []
    assert reasons(path, "A") == [(1, "the label is 5; expected a whole number from 0 to 1")]


def test_ids_missing_extra_and_repeated(tmp_path):
    path = written(tmp_path, {"id": 0, "label": 0}, {"id": "0", "label": 1}, {"id": 9, "label": 1})
    assert reasons(path, against=["0", "1"]) == [
        (2, "the id 0 stands on line 1 too; ids must differ"),
        (3, "the id 9 is not in the input"),
        (None, "1 of 2 ids of the input have no row: 1"),
    ]


def test_a_bad_label_is_not_written(tmp_path):
    with pytest.raises(DataError, match="the label is 3; expected a whole number from 0 to 1"):
        semeval.write(tmp_path / "subtask_a.jsonl", [("a", 3)], subtask="A")
    assert list(tmp_path.iterdir()) == []


def test_gold_files_become_examples(tmp_path):
    path = written(
        tmp_path,
        {"id": 0, "label": 0, "text": "By a person.", "model": "human", "source": "reddit"},
        {"id": 1, "label": 5, "text": "By a model.", "model": "dolly", "source": "arxiv"},
    )
    first, second = semeval.read_gold(path, subtask="B")
    assert (first.id, first.label, first.text, first.domain) == ("0", "human", "By a person.", "reddit")
    assert (second.label, second.generator) == ("dolly", "dolly")
    with pytest.raises(DataError, match=r"subtask_a\.jsonl:2: the label is 5"):
        semeval.read_gold(path, subtask="A")
