import json
from pathlib import Path

import pytest

from tain.corpora.columns import ColumnMap
from tain.corpora.places import find_places
from tain.corpora.reading import read_examples
from tain.recipes.score_rows import BadRow, TextRow, read_rows


def write(tmp_path: Path, rows: list[dict]) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def outcomes(path: Path) -> list[TextRow | BadRow]:
    return list(read_rows(find_places([path], labels=None), ColumnMap()))


def test_ids_are_those_of_every_other_verb(tmp_path):
    ids = [1.0, 2, " x ", "", None, float("nan"), "1.50"]
    path = write(tmp_path, [{"id": identity, "text": "One."} for identity in ids])
    found = [row.id for row in outcomes(path) if isinstance(row, TextRow)]
    assert found == ["1", "2", "x", "a.jsonl:4", "a.jsonl:5", "a.jsonl:6", "1.50"]
    assert found == [example.id for example in read_examples([path], labels=None)]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"id": "a", "text": None}, "text", "the text is null; expected a string"),
        ({"id": "a", "text": 3}, "text", "the text is 3, a int; expected a string"),
        ({"id": "a", "text": "a\0b"}, "text", "holds a NUL byte at character 2; remove it"),
        ({"id": "a\ud800", "text": "One."}, "id", "holds half a surrogate pair, U+D800, at character 2"),
        ({"id": "a"}, "text", "the row has no text column"),
    ],
)
def test_a_row_that_cannot_be_scored_says_why(tmp_path, row, field, reason):
    path = write(tmp_path, [{"id": "good", "text": "One."}, row])
    bad = outcomes(path)[1]
    assert isinstance(bad, BadRow)
    assert (bad.fault.field, bad.values) == (field, row)
    assert bad.fault.reason.startswith(reason)


def test_an_empty_text_is_scored_too(tmp_path):
    assert outcomes(write(tmp_path, [{"text": ""}, {"text": " "}])) == [
        TextRow("a.jsonl:1", ""),
        TextRow("a.jsonl:2", " "),
    ]
