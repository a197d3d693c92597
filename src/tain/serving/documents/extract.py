"""From an upload to its text, without reading a byte of it beyond the first in this process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO

from tain.serving.confined import Bounds, run_confined
from tain.serving.documents.kinds import HEAD_BYTES, Kind, Unreadable, kind_of
from tain.serving.errors import Refusal

_MODULE = "tain.serving.documents.reading"
_MEMORY_BYTES = 1 << 30
_SECONDS = 30.0
_ESCAPED_BYTES = 12
_SPARE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Document:
    """What was found in a file.

    Attributes:
        kind: What it is.
        n_bytes: Of the file.
        text: All of it; offsets count its characters.
        n_pages: Of a PDF.
        encoding: Of plain text and web pages.
    """

    kind: Kind
    n_bytes: int
    text: str
    n_pages: int | None = None
    encoding: str | None = None


def extract(file: BinaryIO, name: str, *, max_chars: int) -> Document:
    """The text of an upload.

    Args:
        file: As it came.
        name: A plain one.
        max_chars: Most characters of the text.

    Raises:
        Refusal: 413 for too much, 415 for other kinds, 422 for what gives no text.
    """
    n_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    if not n_bytes:
        raise Refusal(422, "The file is empty.", error_type="empty")
    try:
        kind = kind_of(name, file.read(HEAD_BYTES))
    except Unreadable as error:
        raise Refusal(error.status, str(error)) from error
    if isinstance(file, SpooledTemporaryFile):
        file.rollover()  # another process can read only what lies on disk
    file.seek(0)
    bounds = Bounds(_MEMORY_BYTES, _SECONDS, 0, _ESCAPED_BYTES * max_chars + _SPARE_BYTES)
    found = run_confined(_MODULE, [kind, str(max_chars)], bounds=bounds, stdin=file)
    return Document(kind, n_bytes, **found)
