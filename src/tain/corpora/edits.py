"""Edits to a text that remember where every character came from."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Edit = tuple[int, int, str]
"""Start and end in the text being edited (half-open), and what stands there afterwards."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One batch of edits, able to carry positions from the edited text back to the text before.

    Attributes:
        old: Start and end of each edit in the text before, ascending.
        new: Start and end of each edit in the edited text, ascending.
    """

    old: tuple[tuple[int, int], ...]
    new: tuple[tuple[int, int], ...]

    def old_start(self, position: int) -> int:
        """Where the character at `position` of the edited text began before."""
        i = self._edit_before(position)
        if i < 0:
            return position
        end = self.new[i][1]
        return self.old[i][0] if position < end else self.old[i][1] + position - end

    def old_end(self, position: int) -> int:
        """Where the character at `position` of the edited text ended before (exclusive)."""
        i = self._edit_before(position)
        if i >= 0 and position < self.new[i][1]:
            return self.old[i][1]
        return self.old_start(position) + 1

    def _edit_before(self, position: int) -> int:
        return bisect_right(self.new, position, key=lambda span: span[0]) - 1


def apply(text: str, edits: Iterable[Edit]) -> tuple[str, Layer | None]:
    """The edited text and the way back, which is None when nothing changed.

    Args:
        text: What to edit.
        edits: Ascending and without overlap.
    """
    parts: list[str] = []
    old: list[tuple[int, int]] = []
    new: list[tuple[int, int]] = []
    done = length = 0
    for start, end, replacement in edits:
        parts += (text[done:start], replacement)
        length += start - done
        old.append((start, end))
        new.append((length, length + len(replacement)))
        length += len(replacement)
        done = end
    if not old:
        return text, None
    parts.append(text[done:])
    return "".join(parts), Layer(tuple(old), tuple(new))


def replace(pattern: re.Pattern[str], text: str, replacement: str = "") -> Iterator[Edit]:
    """Edits that put `replacement` for every match, leaving out those that would change nothing."""
    for match in pattern.finditer(text):
        start, end = match.span()
        if text[start:end] != replacement:
            yield start, end, replacement


def unwrap(pattern: re.Pattern[str], text: str) -> Iterator[Edit]:
    """Edits that keep only the first group of every match."""
    for match in pattern.finditer(text):
        start, end = match.span(1)
        if match.start() < start:
            yield match.start(), start, ""
        if end < match.end():
            yield end, match.end(), ""
