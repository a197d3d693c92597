"""The text of one document, by a process that may not take much.

python -m tain.serving.documents.reading KIND MAX_CHARS < DOCUMENT
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any, cast

from tain.serving.documents.kinds import Kind, Unreadable

_NO_CHARACTERS = re.compile("[\x00\ud800-\udfff]")


def text_of(content: bytes, kind: Kind, *, max_chars: int) -> tuple[str, dict[str, object]]:
    """The text of a document, and what is known about the file.

    Args:
        content: All bytes.
        kind: What it is.
        max_chars: Most characters of the text.

    Raises:
        Unreadable: If it gives no text, or too much.
    """
    text, about = _text(content, kind, max_chars)
    text = _NO_CHARACTERS.sub("\ufffd", text)
    if len(text) > max_chars:
        raise Unreadable(
            f"The text has {len(text):,} characters; at most {max_chars:,} are read. Split the file.", status=413
        )
    if not text.strip():
        scan = " A scanned page is a picture of text: run text recognition first." if kind == "pdf" else ""
        raise Unreadable(f"There is no text in the file.{scan}")
    return text, about


def _text(content: bytes, kind: Kind, max_chars: int) -> tuple[str, dict[str, object]]:
    # Each reader's library is imported only for its own kind.
    if kind == "pdf":
        from tain.serving.documents.pdf import pdf_text

        return pdf_text(content, max_chars=max_chars)
    if kind == "docx":
        from tain.serving.documents.docx import docx_text

        return docx_text(content)
    if kind == "html":
        from tain.serving.documents.html import html_text

        return html_text(content)
    if kind == "rtf":
        from tain.serving.documents.rtf import rtf_text

        return rtf_text(content)
    from tain.serving.documents.plain import plain_text

    return plain_text(content)


def main() -> None:
    """Answer with the text, or with what is wrong."""
    answer: dict[str, Any]
    try:
        text, about = text_of(sys.stdin.buffer.read(), cast(Kind, sys.argv[1]), max_chars=int(sys.argv[2]))
        answer = {"text": text, **about}
    except Unreadable as error:
        answer = {"error": str(error), "status": error.status}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
