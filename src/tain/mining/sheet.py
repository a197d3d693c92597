"""A table that a person fills in: one row for each text, one column for the answer, CSV or JSONL by its suffix."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tain.core.errors import ConfigError, DataError, sample
from tain.core.files import whole_file
from tain.corpora.faults import Fault
from tain.corpora.formats import Row, format_of, rows_of

ID, TEXT = "id", "text"
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Answered:
    """A row that a person has answered.

    Attributes:
        line: Where it stands, for messages.
        id: Of the text.
        answer: One of those allowed.
        values: The whole row.
    """

    line: int
    id: str
    answer: str
    values: Mapping[str, object]


def write_sheet(path: Path, rows: Sequence[Mapping[str, object]], *, answer: str, answers: Mapping[str, str]) -> None:
    """Write the table with an empty column for the answer in front, whole or not at all.

    Args:
        path: .csv, which spreadsheets open, or .jsonl.
        rows: Each with the same columns, `id` and `text` among them.
        answer: Name of the column to fill in.
        answers: What may be written there for each id already; an empty string for none.

    Raises:
        ConfigError: If the suffix is another one.
    """
    full = [{answer: answers.get(str(row[ID]), ""), **row} for row in rows]
    kind = format_of(path)
    if kind not in ("csv", "jsonl"):
        raise ConfigError(f"{path}: the suffix is {path.suffix or '(none)'}; expected .csv or .jsonl.")
    # The mark at the front is what makes spreadsheets read UTF-8; our own reader takes it off again.
    encoding = "utf-8-sig" if kind == "csv" else "utf-8"
    with whole_file(path) as part, part.open("w", encoding=encoding, newline="") as file:
        if kind == "jsonl":
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in full)
        else:
            writer = csv.DictWriter(file, fieldnames=list(full[0]) if full else [answer, ID, TEXT])
            writer.writeheader()
            writer.writerows(full)


def read_sheet(
    path: Path, *, answer: str, allowed: Sequence[str], known: Iterable[str] | None = None
) -> list[Answered]:
    """The rows that were answered; those left empty are no answer and left out.

    Args:
        path: What `write_sheet` wrote and a person edited. A table without any row is fine.
        answer: Name of the column that was filled in.
        allowed: What may stand there, in lower case; the case of an answer does not matter.
        known: Ids that may stand there; None allows any.

    Raises:
        DataError: If the file cannot be read, lacks a column, or a row has another answer, no id, one that is unknown,
            or that of an earlier row; up to ten with their lines.
    """
    names = None if known is None else frozenset(known)
    found: dict[str, Answered] = {}
    faults: list[str] = []
    lines: dict[str, int] = {}
    for row in _rows(path):
        outcome = str(row) if isinstance(row, Fault) else _answered(path, row, answer, allowed, names, lines)
        if isinstance(outcome, str):
            faults.append(outcome)
        elif outcome.answer:
            found[outcome.id] = outcome
    if faults:
        shown = "".join(f"\n  {fault}" for fault in faults[:_SHOWN])
        more = f"\n  … and {len(faults) - _SHOWN:,} more" if len(faults) > _SHOWN else ""
        raise DataError(f"{len(faults):,} rows of {path} cannot be used:{shown}{more}\nMend them, and run it again.")
    return list(found.values())


def sheet_ids(path: Path) -> list[str]:
    """The ids of all rows, answered or not, in order; rows that cannot be read have none."""
    return [str(row.values.get(ID) or "").strip() for row in _rows(path) if isinstance(row, Row)]


def _rows(path: Path) -> Iterator[Row | Fault]:
    # A table that holds its header only, or nothing at all, is one in which nothing had to be asked.
    if path.is_file() and len(path.read_bytes().splitlines()) <= 1 and format_of(path) == "csv":
        return iter(())
    if path.is_file() and not path.stat().st_size:
        return iter(())
    return rows_of(path)


def _answered(
    path: Path,
    row: Row,
    answer: str,
    allowed: Sequence[str],
    known: frozenset[str] | None,
    lines: dict[str, int],
) -> Answered | str:
    where = f"{path}:{row.line}: "
    for column in (answer, ID):
        if column not in row.values:
            return f"{where}there is no column {column}; found {', '.join(row.values)}"
    name, said = str(row.values[ID] or "").strip(), str(row.values[answer] or "").strip().lower()
    if not name:
        return f"{where}the id is empty; expected the one that was written there"
    if said and said not in allowed:
        return f"{where}{answer} is {sample(said)!r}; expected {', '.join(allowed)} or nothing"
    if known is not None and name not in known:
        return f"{where}the id {sample(name)!r} is not one of the texts that were asked about"
    if lines.setdefault(name, row.line) != row.line:
        return f"{where}the id {sample(name)!r} stands on line {lines[name]} too"
    return Answered(row.line, name, said, row.values)
