"""Where things are in a text: words, sentences, and the addresses that no attack may break."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from tain.evaluation.attacks.base import Edit

# The parts before an @ and after a start are bounded, so that a long run of letters costs no more than its length.
_LINK = re.compile(
    r"(?:https?://|ftp://|\bwww\.)[^\s<>\"“”]+|(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}"
)
_WORD = re.compile(r"(?<!\w)[^\W\d_]+(?:['’][^\W\d_]+)*(?!\w)")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|\w+(?:['’]\w+)*|[^\w\s]")
_SENTENCE_END = re.compile(r"(?<!\s)[.!?…][\"'”’)\]]*(\s+)(?=[\"'“‘(\[]?[A-Z0-9])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|No|Fig|Eq|Sec|al|cf|e\.g|i\.e|U\.S|U\.K|[A-Z]))\.$"
)
_ABBREVIATION_CHARS = 8


def links(text: str) -> list[tuple[int, int]]:
    """The spans of web and e-mail addresses.

    Args:
        text: Any.
    """
    if "@" not in text and "://" not in text and "www." not in text:
        return []
    return [match.span() for match in _LINK.finditer(text)]


def outside_links(text: str, edits: Iterable[Edit]) -> list[Edit]:
    """The edits that leave addresses whole.

    Args:
        text: The original.
        edits: Ascending and without overlap.
    """
    spans = iter([*(found := links(text)), (len(text) + 1, len(text) + 1)])
    if not found:
        return list(edits)
    kept, (start, end) = [], next(spans)
    for edit in edits:
        while end <= edit.start:
            start, end = next(spans)
        touches = edit.start < end and (edit.end > start or (edit.start == edit.end and edit.start > start))
        if not touches:
            kept.append(edit)
    return kept


def words(text: str) -> Iterator[tuple[int, int]]:
    """The spans of words: runs of letters, with apostrophes inside but without a possessive 's.

    Args:
        text: Any; "abc123" and "snake_case" hold no word.
    """
    for match in _WORD.finditer(text):
        start, end = match.span()
        yield start, end - 2 if match.group()[-2:] in ("'s", "’s") else end


def count_tokens(text: str) -> int:
    """The number of words and marks, as a share of which RAID counts misspellings and synonyms.

    Args:
        text: Any.
    """
    return sum(1 for _ in _TOKEN.finditer(text))


def sentence_gaps(text: str) -> list[tuple[int, int]]:
    """The spans of white space between sentences.

    Args:
        text: English, or a language that ends sentences and starts them in the same way.
    """
    gaps = (match.span(1) for match in _SENTENCE_END.finditer(text))
    return [gap for gap in gaps if not _ABBREVIATION.search(text[max(0, gap[0] - _ABBREVIATION_CHARS) : gap[0]])]


def sentences(text: str) -> list[tuple[int, int]]:
    """The spans of sentences, without the white space between them or around the text.

    Args:
        text: As for `sentence_gaps`.
    """
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    if first >= last:
        return []
    ends = [(first, first), *sentence_gaps(text[:last]), (last, last)]
    return [(left[1], right[0]) for left, right in pairwise(ends)]
