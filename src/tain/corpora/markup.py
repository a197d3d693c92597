"""HTML and Markdown leftovers, taken off the words they dress."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from tain.corpora.edits import Edit, replace, unwrap

_ENTITY = re.compile(
    r"&(?:amp;)*(?:amp|lt|gt|quot|apos|nbsp|ndash|mdash|[lr][sd]quo|hellip|#\d{1,6}|#[xX][0-9a-fA-F]{1,5});"
)
_AMP = re.compile(r"(?:amp;)+(?=[^;]*;)")
_BLOCK_TAG = re.compile(
    r"<!--[^>]{0,500}-->|</?(?:br|p|div|ul|ol|li|h[1-6]|hr|table|t[rdh]|tbody|thead|blockquote|pre|center|img)"
    r"(?:\s[^<>]{0,500})?/?>",
    re.IGNORECASE,
)
# Capital one-letter tags stay: Set<I> is code.
_INLINE_TAG = re.compile(r"</?(?:b|i|u|s|a|em|strong|span|code|sub|sup|font|small|big|tt)(?:\s[^<>]{0,500})?/?>")

_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)[\w+.#-]{0,20}[ \t\r]*$", re.MULTILINE)
_RULE = re.compile(r"^[ \t]*(?:(?:[-*_=][ \t]*){3,})\r?$", re.MULTILINE)
_MARK = r"(?:#{1,6}(?=\s)|>+|[-*•](?=\s))"
_NUMBER = r"\d{1,2}[.)](?=\s)"
_MORE_MARKS = rf"(?:[ \t]*(?:{_MARK}|{_NUMBER}))*[ \t]*"
_LINE_MARKS = re.compile(rf"^[ \t]*{_MARK}{_MORE_MARKS}", re.MULTILINE)
_NUMBER_MARK = re.compile(rf"^[ \t]*(\d{{1,2}})[.)](?=\s){_MORE_MARKS}", re.MULTILINE)
_LINE_END_CHARS = 20
_STARTS_A_LIST = re.compile(r"(?:\n[ \t\r]*\n|[.:;!?*)\"'][ \t\r]*\n)[ \t]*\Z")

_LINK = re.compile(
    r"!?\[([^\[\]]{1,300})\]\((?:https?://|www\.|mailto:|/|#)(?:[^()\s]|\([^()\s]{0,200}\)){0,500}(?:\s\"[^\"]{0,200}\")?\)"
)
# Marks inside a word or beside a space are operators, file names or footnotes and stay.
_STARS = re.compile(r"(?<![A-Za-z0-9*])\*{1,3}(?=[^\s*])([^*]{1,400}?)(?<=[^\s*])\*{1,3}(?![A-Za-z0-9*])")
_UNDERSCORE = re.compile(r"(?<![\w])_(?=[^\s_])([^_]{1,400}?)(?<=[^\s_])_(?![\w])")
_UNDERSCORES = re.compile(r"(?<![\w])__(?=[^\s_])([^_]{1,400}?\s[^_]{1,400}?)(?<=[^\s_])__(?![\w])")
_CODE_SPAN = re.compile(r"(?<!`)`(?=[^\s`])([^`]{1,400}?)(?<=[^\s`])`(?!`)")
_ANY_MARK = re.compile(r"[*_`~<>\[\]&#|]+")
_STRUCK = re.compile(r"~~(?=[^\s~])([^~]{1,400}?)(?<=[^\s~])~~")


def entities(text: str) -> Iterator[Edit]:
    """Edits that write HTML entities as the characters they mean."""
    if "&" in text:
        for match in _ENTITY.finditer(text):
            yield *match.span(), html.unescape(_AMP.sub("", match.group()))


def tags(text: str) -> Iterator[Edit]:
    """Edits that put a space for block tags and nothing for inline tags."""
    if "<" in text:
        blocks = replace(_BLOCK_TAG, text, " ")
        inlines = replace(_INLINE_TAG, text)
        yield from sorted([*blocks, *inlines])


def fences(text: str) -> Iterator[Edit]:
    """Edits that take off the fences around code."""
    if "```" in text or "~~~" in text:
        yield from replace(_FENCE, text)


def line_marks(text: str) -> Iterator[Edit]:
    """Edits that take off rules, headings, quote marks and bullets at line starts."""
    rules = list(replace(_RULE, text))
    starts = {start for start, _, _ in rules}
    yield from sorted([*rules, *(edit for edit in replace(_LINE_MARKS, text) if edit[0] not in starts)])


def list_numbers(text: str) -> Iterator[Edit]:
    r"""Edits that take off the numbers of a numbered list.

    In hard-wrapped prose a line may start with the number that ends a sentence ("degree\n3. We show"), so a number
    counts as a list mark only on a line of its own, or where the mark before or after is its neighbour.
    """
    marks = list(_NUMBER_MARK.finditer(text))
    numbers = [int(match.group(1)) for match in marks]
    for i, match in enumerate(marks):
        goes_on = i > 0 and numbers[i] == numbers[i - 1] + 1
        is_gone_on = i + 1 < len(marks) and numbers[i] == numbers[i + 1] - 1
        if goes_on or is_gone_on or _starts_a_list(text, match.start()):
            yield *match.span(), ""


def _starts_a_list(text: str, position: int) -> bool:
    before = text[max(0, position - _LINE_END_CHARS) : position]
    return position == 0 or _STARTS_A_LIST.search(before) is not None


def links(text: str) -> Iterator[Edit]:
    """Edits that keep the words of Markdown links and images."""
    return unwrap(_LINK, text) if "](" in text else iter(())


def stars(text: str) -> Iterator[Edit]:
    """Edits that take off stars for bold and italic."""
    return unwrap(_STARS, text) if "*" in text else iter(())


def underscores(text: str) -> Iterator[Edit]:
    """Edits that take off underscores for bold and italic; names such as `__init__` keep theirs."""
    if "_" in text:
        yield from sorted([*unwrap(_UNDERSCORE, text), *unwrap(_UNDERSCORES, text)])


def code_spans(text: str) -> Iterator[Edit]:
    """Edits that take off backticks around code and tildes around struck words."""
    if "`" in text or "~~" in text:
        yield from unwrap(_CODE_SPAN if "`" in text else _STRUCK, text)


def all_marks(text: str) -> Iterator[Edit]:
    """Edits that take off every character that could be markup."""
    return replace(_ANY_MARK, text)
