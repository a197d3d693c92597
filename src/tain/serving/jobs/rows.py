"""The file of rows: what `reading` makes of an upload, a JSON object a line, so that any row is one seek away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

BLOCK_ROWS = 64
BLOCK_CHARS = 16_384


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row of an upload.

    Attributes:
        line: Of a text file, or row of a Parquet file, from 1.
        id: As the file has it, or file and line; None where there is an error.
        text: None where there is an error.
        error: Why the row cannot be scored.
    """

    line: int
    id: str | None
    text: str | None
    error: str | None = None


def write_row(stream: BinaryIO, row: FileRow) -> int:
    """Append a row; the number of bytes it took."""
    return stream.write(json.dumps(asdict(row)).encode() + b"\n")


def read_block(path: Path, position: int) -> tuple[list[FileRow], int]:
    """The next rows, and the byte behind them.

    Args:
        path: File of rows.
        position: Byte at which a row begins.
    """
    block: list[FileRow] = []
    n_chars = 0
    with path.open("rb") as stream:
        stream.seek(position)
        for row in _rows(stream):
            block.append(row)
            position = stream.tell()
            n_chars += len(row.text or "")
            if len(block) == BLOCK_ROWS or n_chars >= BLOCK_CHARS:
                break
    return block, position


def _rows(stream: BinaryIO) -> Iterator[FileRow]:
    while line := stream.readline():
        yield FileRow(**json.loads(line))
