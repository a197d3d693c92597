"""Columns of the data that are no field of an Example, for slices of a Report."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from tain.core.errors import ConfigError
from tain.core.example import Corpus
from tain.corpora.checks import word_of
from tain.corpora.columns import ColumnMap
from tain.corpora.faults import Fault
from tain.corpora.places import find_places
from tain.evaluation.attacked_rows import UNATTACKED, attack_name
from tain.evaluation.properties import native_of

Values = list[str | None]

KNOWN: dict[str, tuple[str, Callable[[str | None], str | None]]] = {
    "attack": ("attack", attack_name),
    "native": ("native writers", native_of),
    "l1": ("native writers", native_of),
    "native_language": ("native writers", native_of),
}
"""Columns that are sliced by wherever they are found: what the slice is called, and what a value means."""


def extra_slices(
    paths: Sequence[str | Path], corpus: Corpus, *, columns: ColumnMap, names: Sequence[str] = ()
) -> dict[str, Values]:
    """For each further property its value of every text of a corpus, in order; None where it is not known.

    Args:
        paths: What the corpus was read from.
        corpus: As read.
        columns: As it was read with.
        names: Columns that the user wants slices by.

    Raises:
        ConfigError: If no file has a column of such a name.
    """
    rows = list(_rows(paths, columns))
    found = {name for _, values in rows for name in values}
    slices = {name: _values(rows, corpus, name) for name in _present(names, found)}
    for column, (title, meaning) in KNOWN.items():
        match = next((name for name in sorted(found) if name.lower() == column), None)
        if match and title not in slices and match not in names:
            slices[title] = [meaning(value) for value in _values(rows, corpus, match)]
    return {title: values for title, values in slices.items() if title in names or _tells(title, values)}


def _tells(title: str, values: Values) -> bool:
    # That every text is attacked is worth knowing, although it tells none apart.
    return len(set(values)) > 1 or (title == "attack" and set(values) != {UNATTACKED})


def _rows(paths: Sequence[str | Path], columns: ColumnMap) -> Iterator[tuple[str, dict[str, object]]]:
    """The id that each row's Example has, and its columns but for the text, which would fill the memory twice."""
    for place in find_places(paths, labels=None):
        for row in place.rows():
            if isinstance(row, Fault):
                continue
            where = columns.find(row.values)
            identity = word_of(row.values[where["id"]]) if "id" in where else None
            kept = {name: value for name, value in row.values.items() if name != where.get("text")}
            yield identity or f"{place.id_prefix}:{row.line}", kept


def _present(names: Sequence[str], found: Iterable[str]) -> Sequence[str]:
    known = sorted(found)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ConfigError(f"--slice {name!r} is no column of the data. Columns: {', '.join(known)}.{hint}")
    return names


def _values(rows: Sequence[tuple[str, dict[str, object]]], corpus: Corpus, name: str) -> Values:
    by_id = {identity: word_of(values.get(name)) for identity, values in rows}
    return [by_id.get(example.id) for example in corpus]
