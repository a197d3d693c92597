"""Rows from JSONL, CSV, Parquet and text files, one at a time; a bad row is a Fault and the reading goes on."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tain.core.errors import DataError
from tain.corpora.faults import Fault
from tain.corpora.streams import compression_of, open_bytes, open_seekable, refuse_binary

MAX_LINE_BYTES = 32 << 20
_SKIP_BYTES = 1 << 16
_BATCH_ROWS = 256
_FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".txt": "txt",
}
SUFFIXES = tuple(_FORMATS)
"""The files that can be read, compression aside."""
_STRAY_BYTE = re.compile("[\udc80-\udcff]")
_TOO_LONG = f"the line is longer than {MAX_LINE_BYTES >> 20} MB; expected one example per line"


@dataclass(frozen=True, slots=True)
class Row:
    """One row as a file holds it.

    Attributes:
        line: Line of a text file or row of a Parquet file, from 1.
        values: By column.
    """

    line: int
    values: dict[str, object]


def format_of(path: Path) -> str | None:
    """jsonl, csv, tsv, parquet or txt by the suffix, compression aside; None for anything else."""
    inner = Path(path.stem) if compression_of(path) else path
    return _FORMATS.get(inner.suffix.lower())


def rows_of(path: Path, *, columns: Sequence[str] | None = None) -> Iterator[Row | Fault]:
    """The rows of one file in order.

    Args:
        path: Its suffix says the format.
        columns: Read only these from Parquet; None reads all.

    Raises:
        DataError: If the suffix is unknown, or the file is empty, binary, damaged or cut short.
    """
    readers = {"jsonl": _jsonl, "csv": _csv, "tsv": _csv, "txt": _txt}
    kind = format_of(path)
    if kind is None:
        raise DataError(
            f"{path}: the suffix {''.join(path.suffixes) or '(none)'} is not one that can be read. "
            f"Expected {', '.join(SUFFIXES)}, also with .gz or .zst."
        )
    rows = _parquet(path, columns) if kind == "parquet" else readers[kind](path)
    is_empty = True
    for row in rows:
        is_empty = False
        yield row
    if is_empty:
        raise DataError(f"{path}: is empty; expected at least one row.")


def _jsonl(path: Path) -> Iterator[Row | Fault]:
    with open_bytes(path) as stream:
        refuse_binary(path, stream)
        if stream.peek(1)[:1] == b"[":
            raise DataError(
                f"{path}: holds one JSON array; expected JSONL, one object per line. Convert it: jq -c '.[]'"
            )
        for line, content in _lines(stream):
            if content is None:
                yield Fault(str(path), line, None, _TOO_LONG)
            elif content.strip():
                yield _json_row(path, line, content)


def _json_row(path: Path, line: int, content: bytes) -> Row | Fault:
    try:
        values = json.loads(content.decode("utf-8-sig" if line == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        return Fault(str(path), line, None, _not_utf8(content[error.start], error.start + 1))
    except (ValueError, RecursionError) as error:
        nul = " (it holds a NUL byte)" if b"\0" in content else ""
        return Fault(str(path), line, None, f"is no JSON{nul}: {error}")
    if not isinstance(values, dict):
        return Fault(str(path), line, None, f"is a JSON {type(values).__name__}; expected an object with named fields")
    return Row(line, values)


def _csv(path: Path) -> Iterator[Row | Fault]:
    # The limit is the csv module's own, for the whole process; its default of 128 KB is shorter than a book chapter.
    csv.field_size_limit(MAX_LINE_BYTES)
    with open_bytes(path) as stream:
        refuse_binary(path, stream)
        delimiter = "\t" if format_of(path) == "tsv" else ","
        reader = csv.reader(_csv_lines(path, stream), delimiter=delimiter, strict=True)
        start = 1
        try:
            header = next(reader, [])
            _check_header(path, header)
            start = reader.line_num + 1
            for cells in reader:
                if cells:
                    yield _csv_row(path, start, header, cells)
                start = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"{path}:{start}: the row that begins here is no CSV ({error}). Often a quote that is never closed."
            ) from error


def _csv_lines(path: Path, stream: io.BufferedReader) -> Iterator[str]:
    for line, content in _lines(stream):
        if content is None:
            raise DataError(f"{path}:{line}: {_TOO_LONG}.")
        # Bytes that are not UTF-8 become surrogates here, so that the row they stand in can be named.
        yield content.decode("utf-8-sig" if line == 1 else "utf-8", "surrogateescape")


def _check_header(path: Path, header: list[str]) -> None:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path}:1: the header names {twice[0]!r} twice; expected a different name for each column.")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise DataError(f"{path}:1: the header {header[0]!r} is one column; expected commas, or tabs in a .tsv file.")


def _csv_row(path: Path, line: int, header: list[str], cells: list[str]) -> Row | Fault:
    if len(cells) != len(header):
        return Fault(str(path), line, None, f"has {len(cells)} fields; the header has {len(header)}")
    for name, cell in zip(header, cells, strict=True):
        if not cell.isascii() and (stray := _STRAY_BYTE.search(cell)):
            return Fault(str(path), line, name, _not_utf8(ord(stray.group()) - 0xDC00, stray.start() + 1))
    return Row(line, dict(zip(header, cells, strict=True)))


def _txt(path: Path) -> Iterator[Row | Fault]:
    with open_bytes(path) as stream:
        refuse_binary(path, stream)
        content = stream.read(MAX_LINE_BYTES + 1)
    if len(content) > MAX_LINE_BYTES:
        yield Fault(
            str(path), 1, "text", f"the text is longer than {MAX_LINE_BYTES >> 20} MB; expected one example per file"
        )
    elif content:
        try:
            yield Row(1, {"text": content.decode("utf-8-sig")})
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            yield Fault(str(path), line, "text", _not_utf8(content[error.start], error.start + 1))


def _parquet(path: Path, columns: Sequence[str] | None) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open_seekable(path) as stream:
        try:
            file = pq.ParquetFile(stream)
            line = 0
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=None if columns is None else list(columns)):
                for values in batch.to_pylist():
                    line += 1
                    yield Row(line, values)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            reason = str(error).splitlines()[0]
            raise DataError(
                f"{path}: is damaged or cut short as Parquet ({reason}). Copy or download it again."
            ) from error


def _lines(stream: io.BufferedReader) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines with their ends; None for one that is too long, which is never held whole."""
    line = 0
    while content := stream.readline(MAX_LINE_BYTES + 1):
        line += 1
        if len(content) <= MAX_LINE_BYTES:
            yield line, content
            continue
        while content and not content.endswith(b"\n"):
            content = stream.readline(_SKIP_BYTES)
        yield line, None


def _not_utf8(byte: int, position: int) -> str:
    return f"byte 0x{byte:02X} at position {position} is not UTF-8; save the file as UTF-8 (it may be Windows-1252)"
