"""What people decide about labels: a journal beside the sheet that asks, one line for each decision, never rewritten.

`suspects.jsonl` has `suspects.decisions.jsonl`. Each line is on the disk before the next is asked for, says who decided
what, when and on which evidence, and holds no text. The last line of a text counts; a line that takes one back says so.
A label is a decision for that label, `drop` one for leaving the text out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tain.core.errors import DataError, sample

DROP = "drop"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Decided:
    """One line of the journal.

    Attributes:
        id: Of the text.
        decision: A label, `drop`, or nothing where an earlier decision is taken back without another.
        was: The label that the text came with; nothing if it had none.
        by: Who decided.
        at: When, ISO 8601 in UTC.
        text_sha256: Of the text that was shown.
        reasons: Why its label was doubted, in words.
        evidence: The same in numbers, by kind of evidence.
        is_undo: Whether the line takes the one before it back.
    """

    id: str
    decision: str
    was: str
    by: str
    at: str
    text_sha256: str
    reasons: str = ""
    evidence: Mapping[str, float] = field(default_factory=dict)
    is_undo: bool = False


def journal_of(sheet: Path) -> Path:
    """Where the decisions about the texts of a sheet stand."""
    return sheet.with_name(f"{sheet.name.split('.')[0]}.decisions.jsonl")


def read_journal(path: Path) -> list[Decided]:
    """Every line, oldest first; nothing if there is no journal. A last line that was cut short never happened.

    Raises:
        DataError: If a line is none that was written here; with its number.
    """
    if not path.is_file():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    return [_read(path, number, line) for number, line in enumerate(lines, start=1)]


def append(path: Path, decided: Decided) -> None:
    """Add a line, on the disk when this returns. What a killed process left half-written goes first."""
    line = json.dumps({"format": FORMAT, **asdict(decided)}, ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        file.seek(0)
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        file.write(line.encode("utf-8", "replace"))
        file.flush()
        os.fsync(file.fileno())


def standing(journal: Sequence[Decided]) -> dict[str, Decided]:
    """The decision that counts for each text, by id; those taken back are left out."""
    found = {decided.id: decided for decided in journal}
    return {name: decided for name, decided in found.items() if decided.decision}


def last_step(journal: Sequence[Decided]) -> tuple[str, Decided | None] | None:
    """What an undo would take back: the text, and what was decided of it before; None if nothing is left.

    Args:
        journal: Oldest first, undos among them.
    """
    steps: list[tuple[str, Decided | None]] = []
    now: dict[str, Decided] = {}
    for decided in journal:
        if decided.is_undo:
            steps.pop() if steps else None
        else:
            steps.append((decided.id, now.get(decided.id)))
        now[decided.id] = decided
    return steps[-1] if steps else None


def decisions_of(sheet: Path, written: Mapping[str, str], *, known: frozenset[str] | None = None) -> dict[str, str]:
    """What is decided of the texts of a sheet: in its journal, and in the column that a person may fill in by hand.

    Args:
        sheet: The table.
        written: What stands in its column, by id.
        known: Ids that may be decided of; None allows any.

    Raises:
        DataError: If column and journal disagree, or the journal names an unknown text.
    """
    journal = journal_of(sheet)
    found = {name: decided.decision for name, decided in standing(read_journal(journal)).items()}
    if known is not None and (strange := sorted(found.keys() - known)):
        raise DataError(f"{journal}: the id {sample(strange[0])!r} is not one of the texts that were asked about.")
    for name, answer in written.items():
        if found.setdefault(name, answer) != answer:
            raise DataError(
                f"{sheet} says {answer} of {sample(name)}, and {journal.name} says {found[name]}. Empty that cell, or "
                "write there what holds."
            )
    return found


def _read(path: Path, number: int, line: bytes) -> Decided:
    try:
        value: dict[str, Any] = json.loads(line)
        if value.pop("format") != FORMAT:
            raise ValueError("another format")
        decided = Decided(**value)
        if not (isinstance(decided.id, str) and isinstance(decided.decision, str)):
            raise TypeError("id and decision are words")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}:{number}: is no decision that `tain review` wrote ({error}). Mend or remove the line."
        ) from error
    return decided
