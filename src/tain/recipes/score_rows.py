"""The rows that are to be scored: an id and a text each, or the reason why a row cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tain.core.errors import DataError
from tain.corpora.checks import text_fault, word_fault, word_of
from tain.corpora.columns import ColumnMap
from tain.corpora.faults import Fault
from tain.corpora.formats import Row
from tain.corpora.places import Place


@dataclass(frozen=True, slots=True)
class TextRow:
    """One text to score.

    Attributes:
        id: From the id column, or file and line.
        text: As it stands; an empty one is a text too, and too short.
        line: Of a text file, or row of a Parquet file, from 1.
    """

    id: str
    text: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be scored.

    Attributes:
        fault: Why.
        values: The row, where it could be read at all.
    """

    fault: Fault
    values: Mapping[str, object] | None


def read_rows(places: Sequence[Place], columns: ColumnMap) -> Iterator[TextRow | BadRow]:
    """The rows of several files in order, one at a time.

    Args:
        places: Files and Hub data sets.
        columns: Only its id and text are used.

    Raises:
        DataError: If a file cannot be read, or has no text column.
    """
    for place in places:
        found: dict[tuple[str, ...], dict[str, str]] = {}
        for row in place.rows():
            if isinstance(row, Fault):
                yield BadRow(row, None)
                continue
            names = tuple(row.values)
            if names not in found:
                if not found and (reason := columns.missing(names, required=("text",))):
                    raise DataError(f"{place.name}: {reason}")
                found[names] = columns.find(names)
            yield _row(place, row, found[names])


def _row(place: Place, row: Row, where: Mapping[str, str]) -> TextRow | BadRow:
    if "text" not in where:
        return BadRow(Fault(place.name, row.line, "text", "the row has no text column"), row.values)
    text = row.values[where["text"]]
    if reason := text_fault(text, can_be_empty=True):
        return BadRow(Fault(place.name, row.line, where["text"], reason), row.values)
    own = word_of(row.values[where["id"]]) if "id" in where else None
    if reason := word_fault(own):
        return BadRow(Fault(place.name, row.line, where["id"], reason), row.values)
    return TextRow(own or f"{place.id_prefix}:{row.line}", str(text), row.line)
