"""PDF: the text of all pages, in the order in which the file draws it."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tain.serving.documents.kinds import Unreadable

if TYPE_CHECKING:
    from pypdf import PageObject

MOST_PAGES = 2000
_DAMAGED = "The PDF is damaged. Open it and print it to a new PDF."


def pdf_text(content: bytes, *, max_chars: int) -> tuple[str, dict[str, object]]:
    """The text, an empty line between pages, and the number of pages.

    Args:
        content: All bytes.
        max_chars: More is refused as soon as it is there.

    Raises:
        Unreadable: If it is encrypted, damaged or too long.
    """
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise _encrypted()
        return _pages(reader.pages, max_chars)
    except Unreadable:
        raise
    except (DependencyError, FileNotDecryptedError):
        raise _encrypted() from None
    except Exception as error:  # damaged files raise whatever it is that they lead to
        raise Unreadable(_DAMAGED) from error


def _pages(pages: Sequence[PageObject], max_chars: int) -> tuple[str, dict[str, object]]:
    n_pages = len(pages)
    if n_pages > MOST_PAGES:
        raise Unreadable(f"The PDF has {n_pages:,} pages; at most {MOST_PAGES:,} are read. Split it.", status=413)
    texts: list[str] = []
    n_chars = 0
    for page in pages:
        texts.append(page.extract_text().strip("\n"))
        n_chars += len(texts[-1])
        if n_chars > max_chars:
            raise Unreadable(f"The text has more than {max_chars:,} characters. Split the file.", status=413)
    return "\n\n".join(texts).strip("\n"), {"n_pages": n_pages}


def _encrypted() -> Unreadable:
    return Unreadable("The PDF is encrypted. Save it without a password.")
