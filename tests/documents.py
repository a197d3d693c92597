"""Documents for tests, made by hand so that every byte is known; and hostile ones."""

import io
import zipfile
from html import escape

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx(paragraphs=(), *, body=None, prolog="", extra=()) -> bytes:
    made = "".join(f'<w:p><w:r><w:t xml:space="preserve">{escape(each)}</w:t></w:r></w:p>' for each in paragraphs)
    head = f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<w:document xmlns:w="{WORD}">'
    xml = f"{head}<w:body>{body or made}</w:body></w:document>"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", xml)
        for name, content in extra:
            archive.writestr(name, content)
    return stream.getvalue()


def html(paragraphs) -> bytes:
    made = "".join(f"<p>{escape(each)}</p>" for each in paragraphs)
    return f"<!doctype html><html><head><meta charset=utf-8><title>no</title></head><body>{made}</body></html>".encode()


def rtf(paragraphs) -> bytes:
    def spelt(char):
        if char in "\\{}":
            return "\\" + char
        if char.isascii():
            return char
        units = char.encode("utf-16-le")
        numbers = (int.from_bytes(units[i : i + 2], "little", signed=True) for i in range(0, len(units), 2))
        return "".join(f"\\u{number}?" for number in numbers)

    made = "\\par\n".join("".join(map(spelt, each)) for each in paragraphs)
    return ("{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\n" + made + "}").encode("ascii")


def pdf(pages) -> bytes:
    """A page for each text; ASCII, a line for each line."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for page in pages:
        shown = "".join(f"({_escaped(line)}) Tj T* " for line in page.split("\n"))
        stream = f"BT /F1 12 Tf 14 TL 50 780 Td {shown}ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /Contents {len(objects)} 0 R /MediaBox [0 0 595 842]"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    return pdf_of(objects)


def pdf_of(objects) -> bytes:
    """A PDF of these objects, numbered from 1; the first is its root."""
    content, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += f"{number} 0 obj\n{each}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    trailer = f"trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{len(content)}\n%%EOF\n"
    return content + f"xref\n0 {size}\n0000000000 65535 f \n{table}".encode() + trailer.encode()


def nested_pdf(depth: int) -> bytes:
    """A tree of pages in which each branch leads back to the root."""
    kids = " ".join(["2 0 R"] * depth)
    return pdf_of(["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {depth} >>"])


def _escaped(line):
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
