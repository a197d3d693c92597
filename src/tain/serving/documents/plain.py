"""Plain text and Markdown: bytes in an encoding that has to be found."""

from __future__ import annotations

import codecs

from tain.serving.documents.kinds import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f\r\x1b")
_MOST_CONTROLS = 0.02
_SAMPLE_BYTES = 256_000


def decoded(content: bytes, *, declared: str | None = None) -> tuple[str, str]:
    """The text, and the name of its encoding.

    Args:
        content: All bytes.
        declared: Encoding that the document names, if any.

    Raises:
        Unreadable: If it is no text in any encoding.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _strict(content, encoding)
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    if declared:
        try:
            return content.decode(declared), codecs.lookup(declared).name
        except (UnicodeDecodeError, LookupError, ValueError):
            pass
    return _guessed(content)


def plain_text(content: bytes) -> tuple[str, dict[str, object]]:
    """The text, and its encoding.

    Raises:
        Unreadable: If it is no text.
    """
    text, encoding = decoded(content)
    if len(content.translate(None, _CONTROLS)) < (1 - _MOST_CONTROLS) * len(content) and "16" not in encoding:
        raise Unreadable("This is binary data, not text. Expected a document.", status=415)
    return text, {"encoding": encoding}


def _strict(content: bytes, encoding: str) -> tuple[str, str]:
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"The file begins as {encoding} does, but byte {error.start} is none of it. Save it as UTF-8."
        ) from error


def _guessed(content: bytes) -> tuple[str, str]:
    from charset_normalizer import from_bytes

    found = from_bytes(content[:_SAMPLE_BYTES]).best()
    if found is None:
        raise Unreadable("The encoding of the text cannot be told. Save it as UTF-8.")
    return content.decode(found.encoding, "replace"), found.encoding
