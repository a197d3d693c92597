"""Suspects as a table on the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tain.recipes.suspects.run import Doubted

OPENING_CHARS, ID_CHARS = 120, 16


def render_terminal(found: Doubted, *, n: int) -> RenderableType:
    """What to give to `rich.print`.

    Args:
        found: Every label scored.
        n: Texts shown.
    """
    rows = found.rows()
    table = Table(show_edge=False, pad_edge=False)
    for name in ("Suspicion", "Label", "Id", "Reasons", "Begins"):
        table.add_column(name, no_wrap=name in ("Suspicion", "Label", "Id"))
    for row in rows[:n]:
        opening = " ".join(row["text"][: 2 * OPENING_CHARS].split())[:OPENING_CHARS]
        cells = (f"{row['suspicion']:.3f}", row["label"], row["id"][:ID_CHARS], row["reasons"], opening)
        table.add_row(*map(Text, cells))
    return Group(table, "", Text(f"{len(rows):,} of {len(found.corpus):,} labels are doubted by some evidence alone."))
