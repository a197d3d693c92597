"""JSON Lines with line numbers: strict, as the readers of organisers are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from tain.core.files import whole_file
from tain.evaluation.submissions.problems import Problem, Row, shown

BOM = b"\xef\xbb\xbf"


def read_lines(path: Path) -> Iterator[tuple[int, Row | Problem]]:
    """Each line that is not blank: its number, and the object on it or the reason why there is none.

    Args:
        path: A plain JSON Lines file.
    """
    if not path.is_file():
        yield 1, Problem(str(path), None, "there is no such file")
        return
    if path.suffix != ".jsonl":
        yield 1, Problem(str(path), None, f"the suffix is {path.suffix or 'missing'}; expected .jsonl")
    with path.open("rb") as file:
        for line, content in enumerate(file, 1):
            if content.strip():
                yield line, _object(str(path), line, content)


def write_lines(path: Path, rows: Iterable[Row]) -> None:
    """One object to a line, in UTF-8; the file appears whole or not at all.

    Args:
        path: The file to write.
        rows: JSON values; NaN is refused.
    """
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")


def _object(file: str, line: int, content: bytes) -> Row | Problem:
    if content.startswith(BOM):
        return Problem(file, line, "begins with a byte order mark; save it as UTF-8 without one")
    try:
        value = json.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        byte = content[error.start]
        return Problem(file, line, f"byte 0x{byte:02X} at position {error.start + 1} is not UTF-8; save it as UTF-8")
    except (ValueError, RecursionError) as error:
        return Problem(file, line, f"is no JSON: {error}")
    if not isinstance(value, dict):
        return Problem(file, line, f"is {shown(value)}; expected one object, with an id, on each line")
    return value
