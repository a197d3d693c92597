"""PAN's shared task on generative AI detection: answers, their check, and gold files.

An answers file has one `{"id": …, "label": …}` to a line, the label a number from 0, human, to 1, AI; 0.5 leaves the
text unanswered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from tain.core.errors import DataError
from tain.core.example import DETECTION, Example
from tain.evaluation.pan import UNANSWERED
from tain.evaluation.submissions.gold import gold_examples, index_reason
from tain.evaluation.submissions.jsonl import read_lines, write_lines
from tain.evaluation.submissions.problems import Id, Problem, Row, check_rows, number_reason, refuse

FILE = "answers.jsonl"
MIN_LINES = 3
"""The task's own check of a run asks for as many lines."""


def write(path: Path, answers: Iterable[tuple[Id, float]]) -> None:
    """Write an answers file.

    Args:
        path: The file to write.
        answers: Id and answer, 0 to 1, of each text.

    Raises:
        DataError: If an answer or id would be refused; nothing is written then.
    """
    rows = [{"id": identity, "label": answer} for identity, answer in answers]
    refuse(check_rows(enumerate(rows, 1), file=str(path), reason=_reason))
    write_lines(path, rows)


def check(path: Path, *, against: Collection[Id] | None = None) -> list[Problem]:
    """What PAN would refuse or misread in an answers file.

    It keeps the last of several answers to one text, counts a missing one as 0.5, and refuses the whole file for an
    answer to a text that is not its own; all three are problems here.

    Args:
        path: The answers file.
        against: Ids of the input, as its JSON has them; None compares with none.

    Source:
        pan-webis-de/pan-code, clef25 evaluator.py and clef26 task definition.
    """
    problems = check_rows(read_lines(path), file=str(path), reason=_reason, against=against)
    n_lines = sum(1 for _ in read_lines(path))
    if not problems and n_lines < MIN_LINES:
        problems.append(Problem(str(path), None, f"has {n_lines} answers; PAN expects {MIN_LINES} or more"))
    return problems


def read(path: Path) -> dict[Id, float]:
    """The answers of a file without problems, by id.

    Args:
        path: The answers file.

    Raises:
        DataError: If there is a problem; names the first.
    """
    problems = check_rows(read_lines(path), file=str(path), reason=_reason)
    if problems:
        raise DataError(f"{problems[0]}. See all of them: tain submission check pan {path}")
    rows = (row for _, row in read_lines(path) if not isinstance(row, Problem))
    return {row["id"]: float(row["label"]) for row in rows}  # type: ignore[misc, arg-type]


def read_gold(path: Path) -> list[Example]:
    """The examples of a gold file: label human or ai, generator and genre where it has them, texts empty.

    Args:
        path: `{"id": …, "label": 0 or 1}` to a line; PAN'24's pairs `[first is human, second is human]` are read as
            its evaluator reads them.

    Raises:
        DataError: If a line will not do; names it.
    """
    return gold_examples(path, labels=DETECTION, index_of=_truth)


def _truth(row: Row) -> int | str:
    label = row.get("label")
    if isinstance(label, list) and len(label) == 2 and all(isinstance(each, bool) for each in label):
        return int(not label[0]) if label[0] != label[1] else f"the label {label} names no side; expected one true"
    return index_reason(row, n_labels=len(DETECTION))


def _reason(row: Row) -> str | None:
    if reason := number_reason(row, "label"):
        return reason
    label = row["label"]
    assert isinstance(label, int | float), "a number, as just found"
    if not 0 <= label <= 1:
        return f"the label is {label:g}; expected 0 (human) to 1 (AI), {UNANSWERED} for no answer. Is it a logit?"
    return None
