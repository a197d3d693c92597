"""Web pages: the words that a reader sees, blocks on lines of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tain.serving.documents.plain import decoded

_UNSEEN = frozenset(
    {"audio", "canvas", "datalist", "head", "iframe", "math", "noscript", "object", "script", "select", "style", "svg"}
    | {"template", "video"}
)
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "br", "center", "dd", "details", "dialog", "div", "dl", "dt"}
    | {"fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html"}
    | {"li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul"}
)
_CELLS = frozenset({"td", "th"})
_SPACE = re.compile(r"[ \t\r\n\f]+")
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s{0,9}=\s{0,9}["']?\s{0,9}([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
_HEAD_BYTES = 4096


def html_text(content: bytes) -> tuple[str, dict[str, object]]:
    """The visible text, and the encoding of the page.

    Raises:
        Unreadable: If it is no text.
    """
    from selectolax.lexbor import LexborHTMLParser

    named = _CHARSET.search(content[:_HEAD_BYTES])
    source, encoding = decoded(content, declared=named.group(1).decode() if named else None)
    body = LexborHTMLParser(source.replace("\0", "")).body
    return _joined(_pieces(body)) if body is not None else "", {"encoding": encoding}


def _pieces(root: Any) -> Iterator[str]:  # noqa: ANN401 (selectolax's own nodes)
    """Words and breaks in order; walks without recursion, because pages may be nested without end."""
    node, n_pre = root, 0
    while node is not None:
        if node.tag == "-text":
            yield (node.text_content or "") if n_pre else _SPACE.sub(" ", node.text_content or "")
        elif node.tag in _BLOCKS:
            yield "\n"
        elif node.tag in _CELLS:
            yield "\t"
        if _is_seen(node) and node.child is not None:
            n_pre += node.tag == "pre"
            node = node.child
            continue
        while node != root and node.next is None:
            node = node.parent
            n_pre -= node.tag == "pre"
            if node.tag in _BLOCKS:
                yield "\n"
        node = None if node == root else node.next


def _is_seen(node: Any) -> bool:  # noqa: ANN401
    return node.tag not in _UNSEEN and "hidden" not in node.attributes


def _joined(pieces: Iterator[str]) -> str:
    lines = (line.strip(" \t") for line in "".join(pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
