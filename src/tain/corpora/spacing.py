"""Spaces, dashes and quotes as a careful typist sets them: what tokenisers and line breaks left is joined again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tain.corpora.edits import Edit, replace

_BREAKS_AND_TICKS = str.maketrans({**dict.fromkeys("\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f", " "), "`": "'"})
_SPACES = re.compile(r"\A +| +\Z|  +")
_DASH = re.compile(r"\s*[—―]\s*|(?<=[^\W_])-{2,3}(?=[^\W_])")
_HYPHENS = re.compile(r"(?<=\s)-{2,3}(?=\s)")
_TICKS = re.compile(r"``\s*|\s*''")
_APOSTROPHES = re.compile(r"(?<=[\w.,!?])''(?=[\s.,;:!?)]|\Z)")
# One space only: these rules run after `runs`.
_BEFORE_PUNCTUATION = re.compile(r" (?=[,.!?]+[\"')\]]*(?:\s|\Z)|[;:](?:\s|\Z))")
# Smileys such as ":( " keep their space.
_AFTER_BRACKET = re.compile(r"(?<=[(\[]) (?<![:;=\-'][(\[] )(?=[^\s)\]])")
_BEFORE_BRACKET = re.compile(r" (?<=[^\s(\[:;=\-'] )(?=[)\]])")
_CONTRACTION = re.compile(r" (?<=[A-Za-z] )(?=(?:n't|'(?:s|re|ve|ll|d|m))\b(?!'))", re.IGNORECASE)


def ticks(text: str) -> Iterator[Edit]:
    """Edits that turn TeX quotes (two backticks, two apostrophes) into one quote, without spaces inside it."""
    if "``" in text:
        yield from replace(_TICKS, text, '"')
    elif "''" in text:
        yield from replace(_APOSTROPHES, text, '"')


def dashes(text: str) -> Iterator[Edit]:
    """Edits that write every dash between words as a hyphen with one space on each side."""
    if "—" in text or "―" in text or "--" in text:
        yield from sorted([*replace(_DASH, text, " - "), *replace(_HYPHENS, text, "-")])


def breaks(text: str) -> str:
    """The text with a space for each line break and tab, and an apostrophe for each lone backtick."""
    return text.translate(_BREAKS_AND_TICKS)


def runs(text: str) -> Iterator[Edit]:
    """Edits that leave one space of each run, and none at the ends."""
    if "  " in text or text[:1] == " " or text[-1:] == " ":
        for match in _SPACES.finditer(text):
            start, end = match.span()
            yield start, end, "" if start == 0 or end == len(text) else " "


def before_punctuation(text: str) -> Iterator[Edit]:
    """Edits that close the gap before a comma, stop, colon or mark of question or exclamation."""
    return replace(_BEFORE_PUNCTUATION, text)


def inside_brackets(text: str) -> Iterator[Edit]:
    """Edits that close the gaps inside brackets."""
    if "( " in text or " )" in text or "[ " in text or " ]" in text:
        yield from sorted([*replace(_AFTER_BRACKET, text), *replace(_BEFORE_BRACKET, text)])


def contractions(text: str) -> Iterator[Edit]:
    """Edits that join "do n't" and "it 's"."""
    return replace(_CONTRACTION, text) if " n't" in text or " N'T" in text or " '" in text else iter(())
