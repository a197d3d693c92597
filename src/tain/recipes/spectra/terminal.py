"""Spectra as a table on the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tain.recipes.spectra.spectra import MatrixRow, Spectra

NONE = "-"
MARKS = {"layer": "", "embedding": "embedding", "head": "head"}


def render_terminal(found: Spectra) -> RenderableType:
    """What to give to `rich.print`."""
    return Group(_table(found), "", *(Text(line) for line in _notes(found)))


def _table(found: Spectra) -> Table:
    table = Table(show_edge=False, pad_edge=False, title=f"{found.tuned} against {found.base}", title_justify="left")
    table.add_column("Matrix", overflow="fold", min_width=20)
    for name in ("Shape", f"Rank {found.settings.share:.0%}", "Stable", "Frob.", "Nucl.", "Intr."):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found.rows:
        table.add_row(*map(Text, _cells(row, found)))
    return table


def _cells(row: MatrixRow, found: Spectra) -> list[str]:
    change, share = row.change, found.settings.share
    ranks = (s and s.effective_rank(share) for s in (change.base, change.tuned, change.difference))
    n_intruders = change.n_intruders(found.settings.epsilon)
    mark = MARKS[row.role]
    return [
        row.name.removesuffix(".weight") + (f" ({mark})" if mark else ""),
        "x".join(map(str, row.shape)),
        " ".join(NONE if rank is None else str(rank) for rank in ranks),
        _number(None if change.difference is None else change.difference.stable_rank, ".1f"),
        _number(change.relative_frobenius, ".1%"),
        _number(change.relative_nuclear, ".1%"),
        NONE if n_intruders is None else str(n_intruders),
    ]


def _number(value: float | None, form: str) -> str:
    return NONE if value is None else format(value, form)


def _notes(found: Spectra) -> list[str]:
    settings = found.settings
    lines = [
        f"Rank: how many singular values hold {settings.share:.0%} of the squared mass, of the base, the tuned matrix "
        "and the change.",
        "Stable rank of the change; Frobenius and nuclear norm of the change over the base's.",
        f"Intruders: of the {settings.vectors} strongest directions, those whose cosine to every one of the base's is "
        f"below {settings.epsilon:g}.",
        f"Left out: {len(found.unchanged)} matrices that did not change, {found.n_vectors_left_out} biases and other "
        "vectors.",
    ]
    if found.others_left_out:
        lines.append(f"Left out too, for more than two dimensions: {', '.join(found.others_left_out[:5])}.")
    if any(row.change.base is None for row in found.rows):
        lines.append(f"{NONE}: the base has no such matrix.")
    if found.missing:
        lines.append(f"Of the base's matrices, {len(found.missing)} have no partner, such as {found.missing[0]}.")
    return lines
