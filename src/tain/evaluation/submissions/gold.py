"""Gold files of shared tasks as examples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tain.core.errors import DataError
from tain.core.example import Example, LabelSet
from tain.evaluation.submissions.jsonl import read_lines
from tain.evaluation.submissions.problems import Problem, Row, check_rows, number_reason


def gold_examples(path: Path, *, labels: LabelSet, index_of: Callable[[Row], int | str]) -> list[Example]:
    """The examples of a gold file, in order; texts are empty where it has none.

    Args:
        path: One object to a line.
        labels: What the numbers stand for.
        index_of: The number of a row's label, or the reason why it has none.

    Raises:
        DataError: If a line will not do; names the first.
    """

    def reason(row: Row) -> str | None:
        found = index_of(row)
        return found if isinstance(found, str) else None

    problems = check_rows(read_lines(path), file=str(path), reason=reason)
    if problems:
        raise DataError(f"{problems[0]}.")
    return [_example(row, labels, index_of) for _, row in read_lines(path) if not isinstance(row, Problem)]


def index_reason(row: Row, *, n_labels: int) -> int | str:
    """The number of a row's label, or the reason why it is none of the first few whole numbers.

    Args:
        row: With a `label`.
        n_labels: How many there are.
    """
    if reason := number_reason(row, "label"):
        return reason
    label = row["label"]
    if label not in range(n_labels) or not isinstance(label, int):
        return f"the label is {label!r}; expected a whole number from 0 to {n_labels - 1}"
    return label


def _example(row: Row, labels: LabelSet, index_of: Callable[[Row], int | str]) -> Example:
    index = index_of(row)
    assert isinstance(index, int), "every row was checked"
    return Example(
        id=str(row["id"]),
        text=str(row.get("text") or ""),
        label=labels.names[index],
        group=str(row["id"]),
        source=_word(row, "source"),
        domain=_word(row, "genre") or _word(row, "source"),
        generator=_word(row, "model"),
    )


def _word(row: Row, name: str) -> str | None:
    value = row.get(name)
    return None if value is None or value == "" else str(value)
