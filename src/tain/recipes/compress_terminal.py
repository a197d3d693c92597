"""What compression did, as tables on the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from tain.recipes.compress import Compressed, LogitChange

MEBIBYTE = 2**20


def render_terminal(made: Compressed) -> RenderableType:
    """What to give to `rich.print`: a row per matrix, then the sizes before and after, then how far answers moved.

    Args:
        made: Of any compression.
    """
    return Group(_matrices(made), "", _sizes(made), "", _logits(made.logits))


def _matrices(made: Compressed) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("Matrix", overflow="fold")
    table.add_column("Layout")
    for name in ("Shape", "Bits", "Low rank", "Error"):
        table.add_column(name, justify="right")
    for each in made.matrices:
        shape = f"{each.shape[0]}×{each.shape[1]}"
        numbers = (f"{each.bits:.3f}", f"{each.adapter_bits:.3f}", f"{each.error:.2%}")
        table.add_row(escape(each.name), each.layout, shape, *numbers)
    table.add_section()
    table.add_row("together", "", "", f"{made.bits:.3f}", f"{made.adapter_bits:.3f}", "")
    return table


def _sizes(made: Compressed) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("In memory, MiB")
    for name in ("before", "after", "share"):
        table.add_column(name, justify="right")
    rows = {
        "these matrices": (made.matrix_bytes_before, made.matrix_bytes),
        "the whole network": (made.network_bytes_before, made.network_bytes),
    }
    for name, (before, after) in rows.items():
        table.add_row(name, f"{before / MEBIBYTE:.2f}", f"{after / MEBIBYTE:.2f}", f"{after / before:.1%}")
    return table


def _logits(change: LogitChange | None) -> str:
    if change is None:
        return "There were no texts to measure the change of logits on; give some with --texts FILE."
    return (
        f"On {change.n_texts:,} texts logits moved by {change.mean:.3g} in the mean and {change.largest:.3g} at most; "
        f"{change.n_flipped:,} are now of another class."
    )
