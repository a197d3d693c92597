"""One large JSON array, read item by item with the line on which each begins."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from tain.evaluation.submissions.problems import Problem, Row, shown

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def read_array(path: Path) -> Iterator[tuple[int, Row | Problem]]:
    """Each item of a file's array: the line it begins on, and the object or the reason why it is none.

    After an item that is no JSON the rest cannot be read, so its problem is the last.

    Args:
        path: A JSON file in UTF-8.
    """
    file = str(path)
    if not path.is_file():
        yield 1, Problem(file, None, "there is no such file")
        return
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        yield line, Problem(file, line, f"byte 0x{content[error.start]:02X} is not UTF-8; save the file as UTF-8")
        return
    try:
        yield from _items(file, text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        yield line, Problem(file, line, f"is no JSON: {error}")


def _items(file: str, text: str) -> Iterator[tuple[int, Row | Problem]]:
    position = _skip(text, 0)
    if not text.startswith("[", position):
        what = "begins with a byte order mark" if text.startswith("\ufeff") else f"begins with {shown(text[:20])}"
        yield 1, Problem(file, 1, f'{what}; expected one array: [{{"id": …, "score": …}}, …]')
        return
    position, line, counted = _skip(text, position + 1), 1, 0
    if text.startswith("]", position):
        yield from _rest(file, text, position + 1)
        return
    while True:
        line, counted = line + text.count("\n", counted, position), position
        value, position = _DECODER.raw_decode(text, position)
        is_object = isinstance(value, dict)
        yield line, value if is_object else Problem(file, line, f"the item is {shown(value)}; expected an object")
        position = _skip(text, position)
        if text.startswith("]", position):
            yield from _rest(file, text, position + 1)
            return
        if not text.startswith(",", position):
            raise json.JSONDecodeError("Expecting ',' delimiter", text, position)
        position = _skip(text, position + 1)


def _rest(file: str, text: str, position: int) -> Iterator[tuple[int, Problem]]:
    end = _skip(text, position)
    if end < len(text):
        line = text.count("\n", 0, end) + 1
        yield line, Problem(file, line, "there is more after the array; expected nothing")


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    assert found is not None, "matches nothing too"
    return found.end()
