"""The tables that a Report is shown in on the terminal."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from tain.evaluation import wording
from tain.evaluation.intervals import Estimate, Rate

_LEFT = ("Note", "Target", "Drift", "Among", "")


def table(title: str, first: str, *others: str) -> Table:
    """An empty table; numbers stand to the right.

    Args:
        title: Above it.
        first: Head of the first column.
        others: Heads of the others.
    """
    made = Table(title=escape(title), title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
    # A name that is cut off names nothing; it goes on in the next line.
    made.add_column(escape(first), overflow="fold")
    for name in others:
        made.add_column(name, justify="left" if name in _LEFT else "right")
    return made


def number_cells(found: Estimate) -> tuple[str, str]:
    """A number and its interval.

    Args:
        found: With or without a value.
    """
    return wording.number_text(found), wording.number_interval(found)


def rate_cells(found: Rate) -> tuple[str, str]:
    """A rate and its interval.

    Args:
        found: With or without a value.
    """
    return wording.rate_text(found), wording.rate_interval(found)
