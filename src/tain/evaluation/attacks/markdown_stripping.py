"""Markdown taken off the words it dresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from tain.evaluation.attacks.base import Attack, Edit, choose, share_of

# What opens a line: a fence, a rule, or heading, quote and list marks.
_LINE_MARKS = re.compile(
    r"^[ \t]*(?:```+[\w+.#-]{0,20}[ \t]*(?=\r?$)|(?:[-*_][ \t]*){3,}(?=\r?$)"
    r"|#{1,6}[ \t]+|(?:>[ \t]*)+|[-*+•][ \t]+)",
    re.MULTILINE,
)
_LIST_NUMBER = re.compile(r"^[ \t]*(\d{1,3})[.)][ \t]+", re.MULTILINE)
# Marks around words. Beside a space or inside a word they are operators, footnotes or names, and stay.
_WRAPPED = (
    re.compile(r"(?P<open>(?<![\w*])\*{1,3})(?=[^\s*])[^*\n]{1,400}?(?<=[^\s*])(?P<close>\*{1,3}(?![\w*]))"),
    re.compile(r"(?P<open>(?<!\w)_{1,2})(?=[^\s_])[^_\n]{1,400}?(?<=[^\s_])(?P<close>_{1,2}(?!\w))"),
    re.compile(r"(?P<open>(?<!`)`(?!`))[^`\n]{1,400}(?P<close>(?<!`)`(?!`))"),
    re.compile(r"(?P<open>~~)(?=[^\s~])[^~\n]{1,400}?(?P<close>~~)"),
    re.compile(r"(?P<open>!?\[)[^\[\]\n]{1,300}(?P<close>\]\([^()\s]{1,500}\))"),
)

Mark = tuple[Edit, ...]
"""The deletions that take off one mark: one for a bullet, two for a pair of stars."""


class MarkdownStripping(Attack):
    """Headings, bullets, numbers of lists, quote marks, rules, fences, stars, backticks and link targets deleted.

    A mark that opens and one that closes go together, so there may be more edits than marks. Tables and HTML stay.
    """

    name = "markdown_stripping"

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """One or two edits for the share `strength` of the marks."""
        found = list(_apart([*_line_marks(text), *_wrapping_marks(text)]))
        return sorted(edit for mark in choose(found, share_of(len(found), strength), rng) for edit in mark)


def _line_marks(text: str) -> Iterator[Mark]:
    numbers = list(_LIST_NUMBER.finditer(text))
    seen = {int(match.group(1)) for match in numbers}
    # A line of hard-wrapped prose may open with the number that ends a sentence; a list has the next or the last one.
    listed = (match for match in numbers if {int(match.group(1)) - 1, int(match.group(1)) + 1} & seen)
    for match in sorted([*_LINE_MARKS.finditer(text), *listed], key=lambda match: match.start()):
        yield (Edit(*match.span(), ""),)


def _wrapping_marks(text: str) -> Iterator[Mark]:
    for pattern in _WRAPPED:
        for match in pattern.finditer(text):
            yield Edit(*match.span("open"), ""), Edit(*match.span("close"), "")


def _apart(marks: Sequence[Mark]) -> Iterator[Mark]:
    """The marks that share no character with an earlier one: a rule of stars is no pair of stars."""
    taken: set[int] = set()
    for mark in marks:
        places = {place for edit in mark for place in range(edit.start, edit.end)}
        if taken.isdisjoint(places):
            taken |= places
            yield mark
