"""A frozen evaluation set: texts, labels and protocol under hashes, so that two reports speak of the same test.

A bundle is a folder: `data.parquet`, `protocol.json` and, written last, `bundle.json` with the sha256 of both and a
seal over itself. `opened.json` is not sealed; it grows with each detector that is measured (see `openings`).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tain.core.errors import DataError
from tain.core.example import EXAMPLE_FIELDS, Corpus, Example, LabelSet
from tain.core.files import read_json, sha256_of, whole_folder, write_json
from tain.core.version import VERSION
from tain.evaluation.protocol import Protocol, read_protocol

if TYPE_CHECKING:
    import polars as pl

FORMAT = 1
BUNDLE, DATA, PROTOCOL = "bundle.json", "data.parquet", "protocol.json"
AGAIN = "Copy the bundle again from where it came from."


@dataclass(frozen=True, slots=True)
class Bundle:
    """A frozen set whose files are as they were sealed.

    Attributes:
        path: Its folder.
        protocol: How detectors are measured on it.
        sha256: Its seal: equal seals, equal texts and protocol.
        corpus_sha256: Of ids, labels, groups and texts, as in reports.
        labels: Names of the labels.
        counts: Examples by label, and `left out` for those that were too short.
        created: When it was frozen, ISO 8601.
    """

    path: Path
    protocol: Protocol
    sha256: str
    corpus_sha256: str
    labels: LabelSet
    counts: Mapping[str, int]
    created: str

    def corpus(self) -> Corpus:
        """The texts, read now.

        Raises:
            DataError: If they are not those that the seal speaks of.
        """
        rows = _read_data(self.path / DATA, EXAMPLE_FIELDS).iter_rows(named=True)
        found = Corpus(tuple(Example(**row) for row in rows), self.labels)
        if found.sha256 != self.corpus_sha256:
            raise DataError(f"{self.path / DATA}: holds other texts than {BUNDLE} speaks of. {AGAIN}")
        return found

    def more_slices(self) -> dict[str, list[str | None]]:
        """Properties besides those of an Example, such as attack, one value for each text in order."""
        frame = _read_data(self.path / DATA)
        return {name: frame[name].to_list() for name in frame.columns if name not in EXAMPLE_FIELDS}


def write_bundle(
    path: Path,
    corpus: Corpus,
    protocol: Protocol,
    *,
    more_slices: Mapping[str, Sequence[str | None]] | None = None,
    n_left_out: int = 0,
) -> Bundle:
    """Freeze labelled texts, whole or not at all; a folder that stood there is replaced.

    Args:
        path: The folder to write.
        corpus: All labelled; already without what the protocol leaves out.
        protocol: How detectors will be measured.
        more_slices: For each further property one value per text; None where it is not known.
        n_left_out: Texts that the protocol left out.

    Raises:
        DataError: If there is no text, a label is missing, an id stands twice, or a property does not fit.
    """
    _check_corpus(corpus)
    counts = {name: 0 for name in corpus.labels.names} | dict(Counter(str(example.label) for example in corpus))
    with whole_folder(path) as part:
        _write_data(part / DATA, corpus, more_slices or {})
        write_json(part / PROTOCOL, protocol.model_dump(mode="json"))
        described = {
            "format": FORMAT,
            "tain": VERSION,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "labels": list(corpus.labels.names),
            "counts": counts | {"left out": n_left_out},
            "corpus_sha256": corpus.sha256,
            "files": {name: sha256_of(part / name) for name in (DATA, PROTOCOL)},
        }
        write_json(part / BUNDLE, described | {"seal": seal_of(described)})
    return load_bundle(path)


def load_bundle(path: str | Path) -> Bundle:
    """A bundle after every file was checked against its hash; its texts are not read yet.

    Args:
        path: Its folder.

    Raises:
        DataError: If it is no bundle, or a file is missing or was changed; names the file.
    """
    folder = Path(path)
    if not (folder / BUNDLE).is_file():
        raise DataError(
            f"{folder}: is no bundle, as {BUNDLE} is missing. Expected the folder that tain bundle make wrote."
        )
    value = read_json(folder / BUNDLE)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        found = value.get("format") if isinstance(value, dict) else type(value).__name__
        raise DataError(f"{folder / BUNDLE}: has format {found!r}, expected {FORMAT}. A newer tain may be needed.")
    problems = _changes(folder, value)
    if problems:
        raise DataError(f"{folder}: not as it was frozen: {'; '.join(problems)}. {AGAIN}")
    return Bundle(
        path=folder,
        protocol=read_protocol(folder / PROTOCOL),
        sha256=value["seal"],
        corpus_sha256=value["corpus_sha256"],
        labels=LabelSet(tuple(value["labels"])),
        counts=value["counts"],
        created=value["created"],
    )


def is_bundle(path: str | Path) -> bool:
    """Whether a path is the folder of a bundle, sound or not."""
    return (Path(path) / BUNDLE).is_file()


def seal_of(described: Mapping[str, object]) -> str:
    """The sha256 of what `bundle.json` says, its seal aside.

    Args:
        described: JSON value.
    """
    value = {name: part for name, part in described.items() if name != "seal"}
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _changes(folder: Path, value: Mapping[str, object]) -> list[str]:
    problems = [] if value.get("seal") == seal_of(value) else [f"{BUNDLE} was changed"]
    files = value.get("files")
    expected = files if isinstance(files, dict) else {}
    for name in (DATA, PROTOCOL):
        if not (folder / name).is_file():
            problems.append(f"{name} is missing")
        elif (found := sha256_of(folder / name)) != expected.get(name):
            problems.append(f"{name} was changed (sha256 {found[:12]}…, expected {str(expected.get(name))[:12]}…)")
    return problems


def _check_corpus(corpus: Corpus) -> None:
    if not len(corpus):
        raise DataError("There is no text to freeze.")
    unlabelled = next((example.id for example in corpus if example.label not in corpus.labels.names), None)
    if unlabelled is not None:
        raise DataError(f"The text {unlabelled!r} has no label of {', '.join(corpus.labels.names)}. Label or drop it.")
    twice = [identity for identity, n in Counter(example.id for example in corpus).items() if n > 1]
    if twice:
        raise DataError(f"{len(twice):,} ids stand more than once, such as {twice[0]!r}. Ids must differ.")


def _write_data(path: Path, corpus: Corpus, more_slices: Mapping[str, Sequence[str | None]]) -> None:
    import polars as pl

    for name, values in more_slices.items():
        if name in EXAMPLE_FIELDS or len(values) != len(corpus):
            raise DataError(
                f"The property {name!r} has {len(values):,} values for {len(corpus):,} texts; expected as many, and a "
                f"name other than {', '.join(EXAMPLE_FIELDS)}."
            )
    columns = {name: [getattr(example, name) for example in corpus] for name in EXAMPLE_FIELDS} | dict(more_slices)
    pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).write_parquet(path)


def _read_data(path: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    import polars as pl

    return pl.read_parquet(path, columns=None if columns is None else list(columns))
