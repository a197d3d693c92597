"""Where rows come from: files, the files of a folder, and Hub data sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tain.core.errors import DataError
from tain.corpora.faults import Fault
from tain.corpora.formats import SUFFIXES, Row, format_of, rows_of
from tain.corpora.hub import hub_rows, looks_like_hub_id
from tain.corpora.labels import LabelMap


@dataclass(frozen=True, slots=True)
class Place:
    """One file or one Hub data set.

    Attributes:
        name: As the user named it, for messages.
        path: The file; None for the Hub.
        id_prefix: Goes before the line number in ids of rows that have none.
        folder_label: The label that the file's folder is named after, if it is one.
    """

    name: str
    path: Path | None
    id_prefix: str
    folder_label: str | None = None

    def rows(self) -> Iterator[Row | Fault]:
        """The rows, in order."""
        return hub_rows(self.name) if self.path is None else rows_of(self.path)


def find_places(paths: Sequence[str | Path], *, labels: LabelMap | None) -> list[Place]:
    """The files and data sets that paths name, folders opened up, in a fixed order.

    Args:
        paths: Files, folders and Hub ids.
        labels: Lets sub-folders named after a label, such as `human/` and `ai/`, label their files.

    Raises:
        DataError: If a path leads nowhere, or a folder holds no file that can be read.
    """
    places = [place for path in paths for place in _places_of(path, labels)]
    uses = Counter(place.id_prefix for place in places)
    # Two files of one name would give their rows the same ids.
    return [replace(place, id_prefix=place.name) if uses[place.id_prefix] > 1 else place for place in places]


def _places_of(name: str | Path, labels: LabelMap | None) -> list[Place]:
    path = Path(name)
    if path.is_dir():
        return _places_in(path, labels)
    if path.exists():
        return [Place(str(name), path, path.name)]
    if isinstance(name, str) and looks_like_hub_id(name) and not _looks_local(path):
        return [Place(name, None, name)]
    raise DataError(
        f"{name}: there is no such file or folder. Expected {', '.join(SUFFIXES)} (also .gz or .zst), "
        "a folder of them, or a Hub data set as owner/name."
    )


def _looks_local(path: Path) -> bool:
    return format_of(path) is not None or path.parent.is_dir()


def _places_in(folder: Path, labels: LabelMap | None) -> list[Place]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _is_wanted(path.relative_to(folder)))
    if not files:
        n_other = sum(path.is_file() for path in folder.rglob("*"))
        raise DataError(
            f"{folder}: the folder holds no file that can be read ({n_other} others). "
            f"Expected {', '.join(SUFFIXES)}, also with .gz or .zst."
        )
    return [
        Place(str(path), path, path.relative_to(folder).as_posix(), _folder_label(path.parent.name, labels))
        for path in files
    ]


def _is_wanted(path: Path) -> bool:
    return format_of(path) is not None and not any(part.startswith(".") for part in path.parts)


def _folder_label(name: str, labels: LabelMap | None) -> str | None:
    return labels.label(name) if labels is not None and labels.known(name) else None
