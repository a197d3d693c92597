"""What a person filled in, and every way to fill it in wrongly."""

import csv
import json

import pytest

from tain.core.errors import ConfigError, DataError
from tain.mining.sheet import read_sheet, write_sheet

ROWS = [{"id": f"t{i}", "text": f'A "quoted", text\nof two lines, número {i}'} for i in range(4)]
ALLOWED = ("human", "ai")


@pytest.fixture(params=[".csv", ".jsonl"])
def path(request, tmp_path):
    path = tmp_path / f"sheet{request.param}"
    write_sheet(path, ROWS, answer="decision", answers={})
    return path


def fill(path, answers):
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    else:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        row["decision"] = answers.get(row["id"], "")
    path.unlink()
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        else:
            file.writelines(json.dumps(row) + "\n" for row in rows)


def read(path, known=None):
    return read_sheet(path, answer="decision", allowed=ALLOWED, known=known)


def test_nothing_is_answered_at_first(path):
    assert read(path) == []


def test_answers_come_back_with_their_text_whatever_their_case(path):
    fill(path, {"t1": "human", "t3": " AI "})
    found = read(path, known={"t0", "t1", "t2", "t3"})
    assert [(row.id, row.answer) for row in found] == [("t1", "human"), ("t3", "ai")]
    assert found[0].values["text"] == ROWS[1]["text"]


def test_a_wrong_answer_is_named_with_its_line(path):
    fill(path, {"t1": "humna", "t2": "ai"})
    line = {".csv": 4, ".jsonl": 2}[path.suffix]
    with pytest.raises(DataError, match=rf"sheet\.\w+:{line}: decision is 'humna'; expected human, ai or nothing"):
        read(path)


def test_an_unknown_id_and_one_that_stands_twice_are_errors(path):
    fill(path, {"t1": "human"})
    with pytest.raises(DataError, match="'t0' is not one of the texts that were asked about"):
        read(path, known={"t1", "t2", "t3"})
    twice = path.with_name(f"twice{path.suffix}")
    write_sheet(twice, [ROWS[0], ROWS[0]], answer="decision", answers={"t0": "ai"})
    with pytest.raises(DataError, match=r"'t0' stands on line \d too"):
        read(twice)


def test_a_row_without_the_column_or_the_id_is_an_error(tmp_path):
    path = tmp_path / "sheet.jsonl"
    path.write_text('{"id": "t0"}\n{"id": "", "decision": "ai"}\n')
    with pytest.raises(DataError, match=r"(?s)sheet.jsonl:1: there is no column decision.*:2: the id is empty"):
        read(path)


def test_an_empty_table_is_no_answer(tmp_path):
    for name in ("none.csv", "none.jsonl"):
        write_sheet(tmp_path / name, [], answer="decision", answers={})
        assert read(tmp_path / name) == []


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"expected \.csv or \.jsonl"):
        write_sheet(tmp_path / "sheet.xlsx", ROWS, answer="decision", answers={})
