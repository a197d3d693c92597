"""What a sheet was made from, in a file beside it: `suspects.jsonl` has `suspects.about.json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tain.core.errors import DataError
from tain.core.files import read_json, sha256_of, write_json
from tain.corpora.labels import LabelMap
from tain.corpora.places import find_places

FORMAT = 1


class SourceFile(BaseModel):
    """A file of the corpus."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(description="Absolute.")
    sha256: str = Field(description="Of its content when the labels were doubted.")
    id_prefix: str = Field(description="Goes before the line number in ids of rows that have none.")
    folder_label: str | None = Field(None, description="Label of rows that have none.")


class Neighbour(BaseModel):
    """A text that a doubted one is like."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    label: str
    likeness: float = Field(description="Cosine of the plain vectors.")
    influence: float | None = Field(None, description="Its own influence, where that is known.")
    text: str


class AboutSheet(BaseModel):
    """What stands behind the rows of a sheet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    made_by: str = Field(description="The command.")
    labels: tuple[str, ...] = Field(description="That a text may get.")
    label: str | None = Field(None, description="Of every text, where rows have no column for it.")
    evidence: tuple[str, ...] = Field((), description="Columns of numbers that speak against labels.")
    corpus: tuple[SourceFile, ...] = Field((), description="Files that a decision is read back into; may be none.")
    columns: dict[str, str | None] = Field({}, description="Columns that were named on the command line, by field.")
    label_map: tuple[str, ...] = Field((), description="raw=label pairs.")
    neighbours: dict[str, tuple[Neighbour, ...]] = Field({}, description="Of each doubted text, the nearest first.")


def about_of(sheet: Path) -> Path:
    """Where it stands what a sheet was made from."""
    return sheet.with_name(f"{sheet.name.split('.')[0]}.about.json")


def write_about(sheet: Path, about: AboutSheet) -> None:
    """Write what a sheet was made from, beside it."""
    write_json(about_of(sheet), about.model_dump(mode="json"))


def read_about(sheet: Path) -> AboutSheet:
    """What a sheet was made from.

    Raises:
        DataError: If that is not there, or of another form.
    """
    path = about_of(sheet)
    if not path.is_file():
        raise DataError(
            f"{path} is missing. It says what {sheet.name} was made from; `tain suspects --output` and `tain mine` "
            "write both. Keep them together."
        )
    try:
        return AboutSheet.model_validate(read_json(path))
    except ValidationError as error:
        raise DataError(f"{path}: is not what `tain suspects` wrote ({error.error_count()} problems).") from error


def sources_of(paths: Sequence[str | Path], *, labels: LabelMap) -> tuple[SourceFile, ...]:
    """The files of a corpus with their hashes; none if a part of it is no file, such as a Hub data set.

    Args:
        paths: As the corpus was read from.
        labels: As it was read with.
    """
    places = find_places(paths, labels=labels)
    files = [(place, place.path) for place in places if place.path is not None]
    if len(files) < len(places):
        return ()
    return tuple(
        SourceFile(
            path=str(path.resolve()),
            sha256=sha256_of(path),
            id_prefix=place.id_prefix,
            folder_label=place.folder_label,
        )
        for place, path in files
    )


def changed(about: AboutSheet) -> dict[str, str]:
    """Files of the corpus that are gone or were changed, each with why; empty where all are as they were."""
    found = {}
    for source in about.corpus:
        path = Path(source.path)
        if not path.is_file():
            found[source.path] = "is not there"
        elif (now := sha256_of(path)) != source.sha256:
            found[source.path] = f"has sha256 {now[:12]}…, had {source.sha256[:12]}…"
    return found
