"""A table of GitHub Markdown."""

from __future__ import annotations

from collections.abc import Container, Sequence


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, words: Container[str]) -> str:
    """Head, alignment and rows; a bar within a cell is written so that it ends none.

    Args:
        head: Names of the columns.
        rows: Cells, as many as names.
        words: Columns that stand to the left; others are numbers and stand to the right.
    """
    marks = ["---" if name in words else "--:" for name in head]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "|".join(marks) + "|", *lines[1:]])
