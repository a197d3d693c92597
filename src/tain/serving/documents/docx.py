"""Word documents: the paragraphs of the main text, tables and text boxes, without what was deleted.

Headers, footers, footnotes and comments stay out. Only one file of the archive is read, up to a bound, whatever the
archive says of its size.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from tain.serving.documents.kinds import Unreadable

MOST_BYTES = 50_000_000
MOST_RATIO = 200
MOST_FILES = 10_000
_SMALL_BYTES = 1_000_000
_MAIN = "word/document.xml"
_WORD = (
    "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}",
    "{http://purl.oclc.org/ooxml/wordprocessingml/main}",
)
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_LEFT_OUT = frozenset({"del", "moveFrom", "instrText"})
_MARKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "‑", "p": "\n", "txbxContent": "\n"}


def docx_text(content: bytes) -> tuple[str, dict[str, object]]:
    """The text, a line for each paragraph.

    Raises:
        Unreadable: If it is no Word document, is damaged, or unpacks to too much.
    """
    return "".join(_pieces(_main_part(content))).strip("\n"), {}


def _main_part(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if len(archive.infolist()) > MOST_FILES:
                raise Unreadable(f"The archive holds more than {MOST_FILES:,} files.")
            member = archive.getinfo(_MAIN)
            if member.flag_bits & 1:
                raise Unreadable("The document is encrypted. Save it without a password.")
            with archive.open(member) as file:
                part = file.read(MOST_BYTES + 1)
    except KeyError:
        raise Unreadable("This is a zip archive, but no Word document. Expected .docx.", status=415) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Unreadable("The document is damaged. Open it in Word and save it again.") from error
    if len(part) > MOST_BYTES or (len(part) > _SMALL_BYTES and len(part) > MOST_RATIO * max(1, member.compress_size)):
        raise Unreadable(
            f"The document unpacks to more than {MOST_BYTES:,} bytes, or to more than {MOST_RATIO} times its size. "
            "Save its text as another file.",
            status=413,
        )
    return part


def _pieces(part: bytes) -> Iterator[str]:
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]

    n_left_out = 0
    try:
        for event, element in iterparse(io.BytesIO(part), events=("start", "end"), forbid_dtd=True):
            name = _word_name(element.tag)
            if element.tag == _FALLBACK or name in _LEFT_OUT:
                n_left_out += 1 if event == "start" else -1
            elif not n_left_out:
                yield _piece(name, event, element.text)
            if event == "end" and name != "t":
                element.clear()
    except DefusedXmlException as error:
        raise Unreadable(
            "The document defines entities, which no program for documents does. Save it again."
        ) from error
    except ParseError as error:
        raise Unreadable("The document is damaged. Open it in Word and save it again.") from error


def _piece(name: str | None, event: str, text: str | None) -> str:
    if name == "t" and event == "end":
        return text or ""
    is_mark = name in _MARKS and event == ("start" if name == "txbxContent" else "end")
    return _MARKS[name] if is_mark and name else ""


def _word_name(tag: str) -> str | None:
    return next((tag[len(space) :] for space in _WORD if tag.startswith(space)), None)
