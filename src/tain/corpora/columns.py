"""Which column of a file holds what."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "_id", "uuid"),
    "text": ("text", "generation", "content", "document"),
    "label": ("label", "labels", "generated", "is_ai"),
    "group": ("group", "pair_id", "source_id", "parent_id"),
    "source": ("source", "dataset"),
    "domain": ("domain", "genre", "source"),
    "generator": ("generator", "model"),
    "language": ("language", "lang"),
    "date": ("date", "created", "created_at", "published"),
    "licence": ("licence", "license"),
}
"""The names looked for, in order, where the user names no column."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The column for each field of an Example; None looks for the usual names.

    Attributes:
        id: Unique name of the row; numbered by line where there is none.
        text: The text. `generation` is RAID's name for it.
        label: The raw label.
        group: What must stay in one split: `pair_id`, `source_id`.
        source: The corpus it came from; the file's name where there is none.
        domain: Kind of text.
        generator: Model that wrote it. Where there is no label column, "human" here means human.
        language: ISO 639-1 code.
        date: When it was written.
        licence: Under which it may be used.
    """

    id: str | None = None
    text: str | None = None
    label: str | None = None
    group: str | None = None
    source: str | None = None
    domain: str | None = None
    generator: str | None = None
    language: str | None = None
    date: str | None = None
    licence: str | None = None

    def find(self, found: Iterable[str]) -> dict[str, str]:
        """The column of each field that a row with these columns has.

        Args:
            found: Names of the row's columns.
        """
        present = list(found)
        lower = {name.lower(): name for name in reversed(present)}
        columns = {}
        for field in fields(self):
            named = getattr(self, field.name)
            for wanted in (named,) if named else ALIASES[field.name]:
                if wanted in present or wanted.lower() in lower:
                    columns[field.name] = wanted if wanted in present else lower[wanted.lower()]
                    break
        return columns

    def missing(self, found: Iterable[str], *, required: Iterable[str]) -> str | None:
        """Why these columns will not do: what is missing, what is there, and the nearest name; None if they do.

        Args:
            found: Names of the columns that are there.
            required: Fields that must have one; columns that the user named must be there too.
        """
        present = list(found)
        columns = self.find(present)
        named = (field.name for field in fields(self) if getattr(self, field.name))
        for field_name in dict.fromkeys((*required, *named)):
            if field_name not in columns:
                wanted = getattr(self, field_name) or " or ".join(ALIASES[field_name])
                near = difflib.get_close_matches(str(getattr(self, field_name) or field_name), present, n=1, cutoff=0.5)
                hint = f" Did you mean {near[0]}?" if near else ""
                return (
                    f"there is no column {wanted} for the {field_name}. Columns found: {', '.join(present) or 'none'}."
                    f"{hint} Name it with --{field_name}-column."
                )
        return None
