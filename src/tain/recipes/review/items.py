"""The texts of a sheet as a person sees them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tain.core.errors import DataError, sample
from tain.corpora.faults import Fault
from tain.corpora.formats import rows_of
from tain.mining.about_sheet import AboutSheet, Neighbour
from tain.mining.sheet import ID, TEXT


@dataclass(frozen=True, slots=True)
class Item:
    """One doubted text.

    Attributes:
        id: Of the text.
        label: That it came with; None if it has none.
        text: Whole.
        reasons: In words.
        evidence: In numbers, by kind.
        source: Where it came from; may be empty.
        neighbours: Texts that it is most like.
    """

    id: str
    label: str | None
    text: str
    reasons: str
    evidence: Mapping[str, float]
    source: str
    neighbours: tuple[Neighbour, ...]


def text_sha256(text: str) -> str:
    """Hash of a text as it stands."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_items(sheet: Path, about: AboutSheet) -> tuple[Item, ...]:
    """The texts of a sheet, decided or not.

    Raises:
        DataError: If a row cannot be read, lacks id or text, or repeats an id; or if there is none.
    """
    found: dict[str, Item] = {}
    for row in rows_of(sheet):
        if isinstance(row, Fault):
            raise DataError(f"{row}.")
        item = _item(row.values, about)
        if not item.id or not item.text:
            raise DataError(
                f"{sheet}:{row.line}: has no {ID if not item.id else TEXT}; expected what was written there."
            )
        if item.id in found:
            raise DataError(f"{sheet}:{row.line}: the id {sample(item.id)!r} stands on an earlier row too.")
        found[item.id] = item
    if not found:
        raise DataError(f"{sheet}: there is no text to decide on.")
    return tuple(found.values())


def _item(values: Mapping[str, object], about: AboutSheet) -> Item:
    name = str(values.get(ID) or "").strip()
    label = str(values.get("label") or about.label or "") or None
    reasons, source = (str(values.get(column) or "") for column in ("reasons", "source"))
    numbers = {kind: _number(values.get(kind)) for kind in about.evidence}
    evidence = {kind: value for kind, value in numbers.items() if value is not None}
    return Item(name, label, str(values.get(TEXT) or ""), reasons, evidence, source, about.neighbours.get(name, ()))


def _number(value: object) -> float | None:
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def to_json(item: Item) -> dict[str, object]:
    """What the page shows of a text."""
    return {
        "id": item.id,
        "label": item.label,
        "text": item.text,
        "reasons": [reason for reason in item.reasons.split("; ") if reason],
        "evidence": dict(item.evidence),
        "source": item.source,
        "neighbours": [each.model_dump(mode="json") for each in item.neighbours],
    }
