from datetime import date

import pytest

from tain.core.example import Example, LabelSet
from tain.corpora.checks import RowChecker
from tain.corpora.columns import ColumnMap
from tain.corpora.faults import Fault
from tain.corpora.formats import Row
from tain.corpora.labels import DETECTION_MAP, LabelMap, parse_label_map


def check(*rows: dict, labels: LabelMap | None = DETECTION_MAP) -> Example | Fault | None:
    """The outcome of the last row, after those before it."""
    checker = RowChecker("f.jsonl", ColumnMap(), labels, None, "f.jsonl", "f")
    return [checker.example(Row(line, row)) for line, row in enumerate(rows, start=1)][-1]


GOOD = {"text": "One.", "label": 0}


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"label": 0}, "text", "the row has no text column"),
        ({"text": "One."}, "label", "the row has no label"),
        (GOOD | {"domain": "a\0b"}, "domain", "holds a NUL byte at character 2"),
        (GOOD | {"id": "\ud800"}, "id", "holds half a surrogate pair, U\\+D800"),
        (GOOD | {"label": 0.5}, "label", "the label '0.5' is not human or ai; --label-map 0.5=LABEL maps it"),
    ],
)
def test_a_bad_row_is_a_fault_with_its_field(row: dict, field: str, reason: str) -> None:
    fault = check(GOOD, row)
    assert isinstance(fault, Fault)
    assert (fault.line, fault.field) == (2, field)
    assert reason.replace("\\", "") in fault.reason


def test_a_row_without_generator_has_no_label_where_the_generator_tells_it() -> None:
    fault = check({"text": "One.", "model": "human"}, {"text": "Two.", "model": None})
    assert isinstance(fault, Fault)
    assert "is empty, and there is no label column" in fault.reason


def test_fields_of_other_types_become_words() -> None:
    example = check(GOOD | {"id": 7.0, "group": float("nan"), "date": date(2020, 1, 2), "domain": " "})
    assert isinstance(example, Example)
    assert (example.id, example.group, example.date, example.domain) == ("7", "7", "2020-01-02", None)


def test_the_generator_tells_no_label_but_detection() -> None:
    topics = parse_label_map(["x=a,y=b"])
    assert topics.labels == LabelSet(("a", "b"))
    fault = check({"text": "One.", "label": "x"}, {"text": "Two.", "model": "human"}, labels=topics)
    assert isinstance(fault, Fault)
    assert fault.reason == "the row has no label"
