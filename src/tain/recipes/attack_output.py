"""Where attacked texts go: Parquet, JSONL, or JSONL on stdout; a file appears whole or not at all."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tain.core.errors import ConfigError
from tain.core.files import whole_file

STDOUT = "-"
SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz", ".jsonl.zst")
WORDS = ("id", "source_id", "text", "label", "attack")
ORIGINS = ("group", "source", "domain", "generator", "language", "date", "licence")
COLUMNS = (*WORDS, "strength", "n_edits", "spans", "original_spans", *ORIGINS)

OutRow = Mapping[str, object]
Write = Callable[[Sequence[OutRow]], None]


def check_suffix(output: str) -> None:
    """Return only if something of this name can be written.

    Args:
        output: A path, or `-` for stdout.

    Raises:
        ConfigError: If its suffix is none that is known.
    """
    if output != STDOUT and not output.lower().endswith(SUFFIXES):
        raise ConfigError(f"--output {output}: cannot be written by its suffix. Expected {', '.join(SUFFIXES)}, or -.")


@contextmanager
def open_rows(output: str) -> Iterator[Write]:
    """A function that appends rows, each with all of `COLUMNS`.

    Args:
        output: A path, or `-` for stdout.

    Raises:
        ConfigError: If its suffix is none that is known.
    """
    check_suffix(output)
    if output == STDOUT:
        yield _lines(sys.stdout)
        return
    with whole_file(Path(output)) as part:
        if part.suffix.lower() == ".parquet":
            with _parquet(part) as write:
                yield write
        else:
            with _open_text(part) as stream:
                yield _lines(stream)


def _lines(stream: IO[str]) -> Write:
    def write(rows: Sequence[OutRow]) -> None:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)

    return write


def _open_text(path: Path) -> IO[str]:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "wt", encoding="utf-8", newline="\n")
    if path.suffix.lower() == ".zst":
        import zstandard

        stream: IO[str] = zstandard.open(path, "wt", encoding="utf-8", newline="\n")
        return stream
    return path.open("w", encoding="utf-8", newline="\n")


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    spans = pa.list_(pa.list_(pa.int32()))
    numbers = {"strength": pa.float64(), "n_edits": pa.int64(), "spans": spans, "original_spans": spans}
    schema = pa.schema([(name, numbers.get(name, pa.string())) for name in COLUMNS])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        yield lambda rows: writer.write_table(pa.Table.from_pylist(list(rows), schema=schema))
