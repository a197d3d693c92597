"""Where scores go: Parquet, JSONL, or JSONL on stdout; a file appears whole or not at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from tain.core.errors import ConfigError, DataError
from tain.core.files import read_json, sha256_of, whole_file, write_json
from tain.detector.verdict import Verdict

if TYPE_CHECKING:
    import pyarrow as pa

STDOUT = "-"
COLUMNS = ("id", "score", "probability", "label", "n_words", "n_windows")
SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz", ".jsonl.zst")
MADE_BY = b"tain"


class Writer(Protocol):
    """Takes scored rows in order."""

    def write(self, ids: Sequence[str], verdicts: Sequence[Verdict]) -> None:
        """Append rows."""


def check_suffix(path: Path) -> None:
    """Return only if a file of this name can be written.

    Raises:
        ConfigError: If its suffix is none that is known.
    """
    if not path.name.lower().endswith(SUFFIXES):
        raise ConfigError(f"--output {path}: cannot be written by its suffix. Expected {', '.join(SUFFIXES)}, or -.")


@contextmanager
def open_output(path: str | Path, *, made_by: Mapping[str, object]) -> Iterator[Writer]:
    """A writer by the suffix of the path.

    Args:
        path: `-` is stdout.
        made_by: Kept inside Parquet files and beside others, so that a later run knows what made them.
    """
    with ExitStack() as stack:
        if str(path) == STDOUT:
            yield _Lines(sys.stdout)
            return
        part = stack.enter_context(whole_file(Path(path)))
        if part.suffix.lower() == ".parquet":
            yield stack.enter_context(_parquet(part, made_by))
            return
        with _open_text(part) as stream:
            yield _Lines(stream)
        # Before the file appears, so that there is no moment at which it cannot say what made it.
        write_json(made_by_file(Path(path)), {"made_by": dict(made_by), "sha256": sha256_of(part)})


def made_by_file(path: Path) -> Path:
    """Where stands what made a file of scores that is no Parquet."""
    return path.with_name(f".{path.name}.made_by.json")


def made_by_of(path: Path) -> dict[str, object] | None:
    """What made a file of scores; None for files that do not say, or were changed since."""
    return _in_parquet(path) if path.suffix.lower() == ".parquet" else _beside(path)


def _beside(path: Path) -> dict[str, object] | None:
    try:
        note = read_json(made_by_file(path))
    except DataError:
        return None
    is_note = isinstance(note, dict) and isinstance(note.get("made_by"), dict)
    return dict(note["made_by"]) if is_note and note.get("sha256") == sha256_of(path) else None


def _in_parquet(path: Path) -> dict[str, object] | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
        value = json.loads(metadata[MADE_BY])
    except (KeyError, ValueError, OSError, pa.ArrowException):
        return None
    return value if isinstance(value, dict) else None


class _Lines:
    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, ids: Sequence[str], verdicts: Sequence[Verdict]) -> None:
        for row in zip(*_columns(ids, verdicts), strict=True):
            self._stream.write(json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n")


@contextmanager
def _open_text(path: Path) -> Iterator[IO[str]]:
    if path.suffix == ".gz":
        import gzip

        with gzip.open(path, "wt", encoding="utf-8", newline="\n") as stream:
            yield stream
    elif path.suffix == ".zst":
        import zstandard

        with zstandard.open(path, "wt", encoding="utf-8", newline="\n") as stream:
            yield stream
    else:
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            yield stream


@contextmanager
def _parquet(path: Path, made_by: Mapping[str, object]) -> Iterator[Writer]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = (pa.string(), pa.float64(), pa.float64(), pa.string(), pa.int64(), pa.int64())
    schema = pa.schema(list(zip(COLUMNS, types, strict=True)), metadata={MADE_BY: json.dumps(dict(made_by))})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        yield _Tables(writer, schema)


class _Tables:
    def __init__(self, writer: Any, schema: pa.Schema) -> None:  # noqa: ANN401 (pyarrow has no types)
        self._writer = writer
        self._schema = schema

    def write(self, ids: Sequence[str], verdicts: Sequence[Verdict]) -> None:
        import pyarrow as pa

        columns = [
            pa.array(values, field.type) for values, field in zip(_columns(ids, verdicts), self._schema, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))


def _columns(ids: Sequence[str], verdicts: Sequence[Verdict]) -> tuple[Sequence[Any], ...]:
    return (
        ids,
        [verdict.score for verdict in verdicts],
        [verdict.probability for verdict in verdicts],
        [verdict.label for verdict in verdicts],
        [verdict.n_words for verdict in verdicts],
        [verdict.n_windows for verdict in verdicts],
    )
