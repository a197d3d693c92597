"""From an upload to a file of rows, by a process that may not take much: what is hostile harms nobody else.

python -m tain.serving.jobs.reading UPLOAD ROWS '{"name": …}'
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from tain.core.errors import DataError
from tain.corpora.columns import ColumnMap
from tain.corpora.faults import Fault
from tain.corpora.places import Place
from tain.recipes.score_rows import BadRow, TextRow, read_rows
from tain.serving.jobs.rows import FileRow, write_row


def write_rows(upload: Path, rows: Path, asked: dict[str, Any]) -> int:
    """Read the upload and write its rows, here and now; the number of rows.

    Raises:
        DataError: If the upload cannot be read, or holds too much.
    """
    columns = ColumnMap(id=asked["id_column"], text=asked["text_column"])
    n_rows = n_bytes = 0
    with os.fdopen(os.open(rows, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        for found in read_rows([Place(asked["name"], upload, asked["name"])], columns):
            n_rows += 1
            n_bytes += write_row(stream, _row(found, asked["max_chars"]))
            if n_rows > asked["max_rows"] or n_bytes > asked["max_bytes"]:
                raise DataError(
                    f"{upload}: has more than {asked['max_rows']:,} rows, or more than {asked['max_bytes']:,} bytes "
                    "when unpacked. Split it."
                )
        stream.flush()
        os.fsync(stream.fileno())
    return n_rows


def _row(found: TextRow | BadRow, max_chars: int) -> FileRow:
    if isinstance(found, BadRow):
        return FileRow(found.fault.line, None, None, _reason(found.fault))
    if len(found.text) > max_chars:
        return FileRow(
            found.line, found.id, None, f"the text has {len(found.text):,} characters; at most {max_chars:,}"
        )
    return FileRow(found.line, found.id, found.text)


def _reason(fault: Fault) -> str:
    return f"{fault.field}: {fault.reason}" if fault.field else fault.reason


def _told(message: str, upload: Path, name: str) -> str:
    # Where the file lies here is nobody's business, and a form has fields where a command line has flags.
    return (
        message.replace(str(upload), name).replace("--text-column", "text_column").replace("--id-column", "id_column")
    )


def main() -> None:
    """Answer with the number of rows, or with what is wrong."""
    upload, rows, asked = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    try:
        answer: dict[str, Any] = {"n_rows": write_rows(upload, rows, asked)}
    except DataError as error:
        answer = {"error": _told(str(error), upload, asked["name"]), "status": 422}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
