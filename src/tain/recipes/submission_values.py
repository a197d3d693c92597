"""What a row of `tain score` becomes in a submission."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tain.core.errors import DataError
from tain.corpora.checks import word_of
from tain.corpora.reading import iter_rows
from tain.evaluation.pan import UNANSWERED
from tain.evaluation.submissions import semeval

Format = Literal["raid", "pan", "semeval-a", "semeval-b"]
TOO_SHORT = "too_short"


RULES: Mapping[Format, str] = {
    "raid": "the lowest score of the file, so that they are flagged last",
    "pan": f"{UNANSWERED}, which PAN counts as unanswered",
    "semeval-a": "0, human: nothing is claimed without evidence",
    "semeval-b": "0, human: nothing is claimed without evidence",
}
"""What is written for a text that was too short to be scored."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One row of what `tain score` wrote.

    Attributes:
        id: Of the text.
        score: None when it was too short.
        probability: None when it was too short, or the detector gives none.
        label: human, ai or too_short; or another class.
        where: File and line.
        n_words: None where the file does not say.
    """

    id: str
    score: float | None
    probability: float | None
    label: str
    where: str
    n_words: int | None = None


def read_scores(path: Path) -> Iterator[Scored]:
    """The rows of a file of scores, in order.

    Args:
        path: What `tain score` wrote.

    Raises:
        DataError: If it lacks a column, or a row has neither a score nor the label too_short.
    """
    for line, values in iter_rows(path):
        where = f"{path}:{line}"
        missing = [name for name in ("id", "score", "label") if name not in values]
        if missing:
            raise DataError(
                f"{where}: there is no column {missing[0]}. Columns found: {', '.join(values)}. "
                "Expected what `tain score` writes."
            )
        yield _scored(values, where)


def values_of(kind: Format, rows: Sequence[Scored]) -> Sequence[float | int]:
    """What a submission says of each text: a score for RAID, an answer for PAN, a class for SemEval.

    Args:
        kind: Of the submission.
        rows: Of one file of scores.

    Raises:
        DataError: If a row does not hold what the format asks for, or no row has a score.
    """
    if kind == "raid":
        return _raid_scores(rows)
    shaped: Callable[[Scored], float | int] = _answer if kind == "pan" else _class_of(subtask_of(kind))
    return [shaped(row) for row in rows]


def _raid_scores(rows: Sequence[Scored]) -> list[float]:
    scores = [row.score for row in rows if row.score is not None]
    if not scores:
        raise DataError("No text has a score: all were too short. There is nothing to submit.")
    lowest = min(scores)
    return [lowest if row.score is None else row.score for row in rows]


def _answer(row: Scored) -> float:
    if row.label == TOO_SHORT:
        return UNANSWERED
    if row.probability is None:
        raise DataError(
            f"{row.where}: probability: is null, and PAN asks for one. Calibrate the detector with AI texts too: "
            "tain calibrate --ai FILE, then score again."
        )
    return row.probability


def _class_of(subtask: semeval.Subtask) -> Callable[[Scored], int]:
    names = semeval.LABELS[subtask].names

    def number(row: Scored) -> int:
        if row.label == TOO_SHORT:
            return 0
        if row.label not in names:
            raise DataError(
                f"{row.where}: label: is {row.label!r}; subtask {subtask} asks for one of {', '.join(names)}. "
                "A detector of human and ai can answer subtask A only."
            )
        return names.index(row.label)

    return number


def subtask_of(kind: Format) -> semeval.Subtask:
    """The subtask of a SemEval format.

    Args:
        kind: semeval-a or semeval-b.
    """
    return "A" if kind == "semeval-a" else "B"


def _scored(values: Mapping[str, object], where: str) -> Scored:
    score, probability = values["score"], values.get("probability")
    label, identity = str(values["label"]), word_of(values["id"])
    if identity is None:
        raise DataError(f"{where}: id: is empty; expected the id of a text.")
    if score is None and label != TOO_SHORT:
        raise DataError(f"{where}: score: is null, but the label is {label!r}; expected a score, or {TOO_SHORT}.")
    n_words = _number(values.get("n_words"))
    return Scored(
        identity, _number(score), _number(probability), label, where, None if n_words is None else int(n_words)
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
