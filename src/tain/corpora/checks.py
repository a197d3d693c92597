"""From a row to an Example, or to the reason why it cannot be one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tain.core.errors import DataError, sample
from tain.core.example import Example
from tain.corpora.columns import ColumnMap
from tain.corpora.faults import Fault
from tain.corpora.formats import Row
from tain.corpora.labels import LabelMap, raw_label

_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass
class RowChecker:
    """Turns the rows of one file into Examples.

    Attributes:
        file: As the user named it, for messages.
        columns: Which column holds what.
        labels: What raw labels mean; None reads no labels.
        default_label: For rows of files without a label column.
        id_prefix: Goes before the line number where there is no id column.
        source: For rows without a source column.
    """

    file: str
    columns: ColumnMap
    labels: LabelMap | None
    default_label: str | None
    id_prefix: str
    source: str
    _resolved: dict[tuple[str, ...], dict[str, str]] = field(default_factory=dict)

    def example(self, row: Row) -> Example | Fault | None:
        """The row's Example, a Fault, or None where the label map leaves the row out.

        Raises:
            DataError: If the first row lacks a column that every row needs.
        """
        where = self._resolve(tuple(row.values))
        if "text" not in where:
            return Fault(self.file, row.line, "text", "the row has no text column")
        if reason := text_fault(row.values[where["text"]]):
            return Fault(self.file, row.line, where["text"], reason)
        label = self._label(row, where)
        if isinstance(label, Fault) or (label is None and self.labels is not None):
            return label
        words = {name: word_of(row.values[column]) for name, column in where.items() if name not in ("text", "label")}
        for name, word in words.items():
            if reason := word_fault(word):
                return Fault(self.file, row.line, where[name], reason)
        identity = words.get("id") or f"{self.id_prefix}:{row.line}"
        return Example(
            id=identity,
            text=str(row.values[where["text"]]),
            label=label,
            group=words.get("group") or identity,
            source=words.get("source") or self.source,
            domain=words.get("domain"),
            generator=words.get("generator"),
            language=words.get("language"),
            date=words.get("date"),
            licence=words.get("licence"),
        )

    def _resolve(self, names: tuple[str, ...]) -> dict[str, str]:
        if names not in self._resolved:
            if not self._resolved:
                self._require(names)
            self._resolved[names] = self.columns.find(names)
        return self._resolved[names]

    def _require(self, names: tuple[str, ...]) -> None:
        has_label = self.labels is None or self.default_label is not None or self._label_from_generator(names)
        required = ("text",) if has_label else ("text", "label")
        if reason := self.columns.missing(names, required=required):
            raise DataError(f"{self.file}: {reason}")

    def _label_from_generator(self, names: Iterable[str]) -> bool:
        is_detection = self.labels is not None and set(self.labels.labels.names) == {"human", "ai"}
        return is_detection and self.columns.label is None and "generator" in self.columns.find(names)

    def _label(self, row: Row, where: dict[str, str]) -> str | Fault | None:
        if self.labels is None:
            return None
        if "label" in where:
            column = where["label"]
            raw = raw_label(row.values[column])
            if raw is None:
                return Fault(
                    self.file, row.line, column, f"the label is {_shown(row.values[column])}; expected a label"
                )
        elif self.default_label is not None:
            return self.default_label
        elif "generator" in where and self._label_from_generator(row.values):
            column = where["generator"]
            raw = word_of(row.values[column])
            if raw is None:
                return Fault(
                    self.file, row.line, column, "is empty, and there is no label column to tell who wrote this"
                )
            raw = "human" if self.labels.known(raw) and self.labels.label(raw) == "human" else "ai"
        else:
            return Fault(self.file, row.line, self.columns.label or "label", "the row has no label")
        if not self.labels.known(raw):
            return Fault(self.file, row.line, column, self._unknown(raw))
        return self.labels.label(raw)

    def _unknown(self, raw: str) -> str:
        assert self.labels is not None, "labels are only unknown to a map"
        names = " or ".join(self.labels.labels.names)
        return f"the label {sample(raw)!r} is not {names}; --label-map {raw}=LABEL maps it, {raw}= leaves it out"


def file_source(path: Path) -> str:
    """A file's name without its suffixes."""
    return path.name.split(".")[0] or path.name


def text_fault(value: object, *, can_be_empty: bool = False) -> str | None:
    """Why a value cannot be the text of a row; None if it can.

    Args:
        value: As the file holds it.
        can_be_empty: Empty texts will do.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return f"the text is {_shown(value)}; expected a string"
    if not isinstance(value, str):
        return f"the text is {_shown(value)}, a {type(value).__name__}; expected a string"
    if not can_be_empty and (not value or value.isspace()):
        return "the text is empty"
    return word_fault(value)


def word_of(value: object) -> str | None:
    """A value such as an id as a string, or None for null, NaN and blank ones; 1.0 is "1", a date is ISO 8601."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat() if isoformat else value).strip() or None


def word_fault(word: str | None) -> str | None:
    """Why a string cannot be kept as UTF-8 text without NUL bytes; None if it can."""
    return _bad_character(word) if word and _UNUSABLE.search(word) else None


def _bad_character(text: str) -> str:
    found = _UNUSABLE.search(text)
    assert found is not None, "only called on texts with an unusable character"
    if found.group() == "\0":
        return f"holds a NUL byte at character {found.start() + 1}; remove it"
    return (
        f"holds half a surrogate pair, U+{ord(found.group()):04X}, at character {found.start() + 1}; encode it as UTF-8"
    )


def _shown(value: object) -> str:
    return "null" if value is None or value == "" else sample(repr(value))
