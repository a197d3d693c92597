"""SemEval-2024 Task 8, subtasks A and B: predictions, their check, and gold files.

A predictions file has one `{"id": …, "label": …}` to a line, the label a whole number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Literal

from tain.core.errors import DataError
from tain.core.example import DETECTION, Example, LabelSet
from tain.evaluation.submissions.gold import gold_examples, index_reason
from tain.evaluation.submissions.jsonl import read_lines, write_lines
from tain.evaluation.submissions.problems import Id, Problem, Row, check_rows, is_plain_number, refuse

Subtask = Literal["A", "B"]
LABELS: Mapping[Subtask, LabelSet] = {
    "A": DETECTION,
    "B": LabelSet(("human", "chatGPT", "cohere", "davinci", "bloomz", "dolly")),
}
"""What the numbers stand for: monolingual and multilingual A are alike."""
FILES: Mapping[Subtask, str] = {"A": "subtask_a.jsonl", "B": "subtask_b.jsonl"}


def write(path: Path, labels: Iterable[tuple[Id, int]], *, subtask: Subtask) -> None:
    """Write a predictions file. Ids that are whole numbers are written as numbers, as the task's own files have them.

    Args:
        path: The file to write.
        labels: Id and number of the label of each text.
        subtask: Says which numbers there are.

    Raises:
        DataError: If a label or id would be refused; nothing is written then.
    """
    rows = [{"id": _own_kind(identity), "label": label} for identity, label in labels]
    refuse(check_rows(enumerate(rows, 1), file=str(path), reason=lambda row: _reason(row, subtask)))
    write_lines(path, rows)


def check(path: Path, *, subtask: Subtask, against: Collection[Id] | None = None) -> list[Problem]:
    """What the task would refuse or misread in a predictions file.

    Its own checker lets labels 2 to 5 through in subtask A, and its scorer leaves out texts without a prediction and
    counts repeated ones twice; these are problems here.

    Args:
        path: The predictions file.
        subtask: Says which numbers there are.
        against: Ids of the input; None compares with none.

    Source:
        mbzuai-nlp/SemEval2024-task8, format_checker.py and scorer.py.
    """
    # The task joins ids after pandas has turned strings of digits into numbers, so the two are one here as well.
    known = None if against is None else {_own_kind(each) for each in against}
    rows = ((line, row if isinstance(row, Problem) else _with_own_id(row)) for line, row in read_lines(path))
    return check_rows(rows, file=str(path), reason=lambda row: _reason(row, subtask), against=known)


def read(path: Path, *, subtask: Subtask) -> dict[str, int]:
    """The labels of a file without problems, by id as a word.

    Args:
        path: The predictions file.
        subtask: Says which numbers there are.

    Raises:
        DataError: If there is a problem; names the first.
    """
    problems = check(path, subtask=subtask)
    if problems:
        raise DataError(f"{problems[0]}. See all of them: tain submission check semeval-{subtask.lower()} {path}")
    rows = (row for _, row in read_lines(path) if not isinstance(row, Problem))
    return {str(_with_own_id(row)["id"]): int(row["label"]) for row in rows}  # type: ignore[call-overload]


def read_gold(path: Path, *, subtask: Subtask) -> list[Example]:
    """The examples of a train, dev or gold file, with texts, generators and sources where it has them.

    Args:
        path: `{"id": …, "label": …}` to a line, with `text`, `model` and `source` in the task's own files.
        subtask: Says what the numbers stand for.

    Raises:
        DataError: If a line will not do; names it.
    """
    labels = LABELS[subtask]
    return gold_examples(path, labels=labels, index_of=lambda row: index_reason(row, n_labels=len(labels)))


def _reason(row: Row, subtask: Subtask) -> str | None:
    found = index_reason(row, n_labels=len(LABELS[subtask]))
    return found if isinstance(found, str) else None


def _own_kind(identity: Id) -> Id:
    return int(identity) if isinstance(identity, str) and is_plain_number(identity) else identity


def _with_own_id(row: Row) -> Row:
    identity = row.get("id")
    return {**row, "id": _own_kind(identity)} if isinstance(identity, str) else row
