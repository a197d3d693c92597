"""What kind of document an upload is: its content says so, and its name must not say otherwise."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal, get_args

Kind = Literal["txt", "md", "docx", "pdf", "html", "rtf"]
KINDS: tuple[Kind, ...] = get_args(Kind)
HEAD_BYTES = 1024
_SUFFIXES: dict[str, Kind] = {
    ".txt": "txt",
    ".text": "txt",
    ".md": "md",
    ".markdown": "md",
    ".docx": "docx",
    ".pdf": "pdf",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".rtf": "rtf",
}
_WORDLESS: dict[bytes, str] = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Word file, or an encrypted one; save it as .docx without a password",
    b"\x1f\x8b": "gzip data; unpack it",
    b"\x28\xb5\x2f\xfd": "Zstandard data; unpack it",
    b"BZh": "bzip2 data; unpack it",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"PAR1": "a Parquet file; POST /v1/jobs takes it",
    b"SQLite format 3": "a database",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
}


class Unreadable(Exception):
    """Raised when a document gives no text."""

    def __init__(self, message: str, *, status: int = 422) -> None:
        """Say why.

        Args:
            message: What is wrong and what to do; holds nothing of the document.
            status: Of HTTP.
        """
        super().__init__(message)
        self.status = status


def kind_of(name: str, head: bytes) -> Kind:
    """What a document is.

    Args:
        name: Its suffix counts.
        head: First bytes, 1,024 where there are so many.

    Raises:
        Unreadable: 415 if it is none of ours, or not what its name says.
    """
    suffix = PurePosixPath(name.lower()).suffix
    said = _SUFFIXES.get(suffix)
    found = _found(head)
    if suffix and said is None:
        raise Unreadable(f"Files named {suffix[:12]} are not read. Expected .{', .'.join(KINDS)}.", status=415)
    if said is None:
        return found or ("html" if _is_html(head) else "txt")
    is_plain = said in ("txt", "md", "html")
    if found != (None if is_plain else said):
        looks = f"it is a .{found} file" if found else f"it does not begin as a .{said} file does"
        raise Unreadable(f"The name says {suffix}, but {looks}. Give it the suffix of what it is.", status=415)
    return said


def _found(head: bytes) -> Kind | None:
    for magic, told in _WORDLESS.items():
        if head.startswith(magic):
            raise Unreadable(f"This is {told}. Expected .{', .'.join(KINDS)}.", status=415)
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return "docx"
    if head.lstrip()[:5] == b"{\\rtf":
        return "rtf"
    # Some programs write a few bytes before it, and all readers look for it there.
    return "pdf" if b"%PDF-" in head else None


def _is_html(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:14].lower()
    return start.startswith((b"<!doctype html", b"<html"))
