"""An explanation as tables on the terminal: the training texts that count most, beside their labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tain.recipes.explain.explain import Explained
from tain.recipes.explain.said import Said

SHOWN_CHARS, OPENING_CHARS, ID_CHARS = 600, 160, 16
TITLES = {
    "valid": ("More weight on these would raise the validation loss", "More weight on these would lower it"),
    "text": ("These made it say so", "These speak against it"),
}


def render_terminal(found: Explained, *, n: int) -> RenderableType:
    """What to give to `rich.print`.

    Args:
        found: Influence of every training text.
        n: Texts at each end.
    """
    first, last = TITLES["text" if found.said else "valid"]
    sign = -1.0 if found.said else 1.0
    # Only texts that pull the way the title says.
    ends = found.order[:n], found.order[::-1][:n]
    parts: list[RenderableType] = [] if found.said is None else [_said(found.said), ""]
    parts += [_table(found, _pulling(found, ends[0], sign), first), ""]
    parts += [_table(found, _pulling(found, ends[1], -sign), last)]
    return Group(*parts)


def _pulling(found: Explained, places: NDArray[np.intp], sign: float) -> NDArray[np.intp]:
    return places[sign * found.influence[places] > 0]


def _said(said: Said) -> RenderableType:
    opening = Text(_flat(said.text, SHOWN_CHARS))
    line = f"The network's log-odds of {said.label}: {said.log_odds:.3f}. "
    return Group(Text("The text", style="bold"), opening, Text(line + said.note))


def _table(found: Explained, places: NDArray[np.intp], title: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
    for name in ("Influence", "Label", "p(label)", "Id"):
        table.add_column(name, justify="left" if name in ("Label", "Id") else "right", no_wrap=True)
    table.add_column("Begins")
    for place in places:
        example = found.train.examples[place]
        cells = (f"{found.influence[place]:+.3g}", example.label or "", f"{found.p_label[place]:.3f}")
        table.add_row(*map(Text, cells), Text(_flat(example.id, ID_CHARS)), Text(_flat(example.text, OPENING_CHARS)))
    if not len(places):
        table.add_row("", "", "", "", Text("none"))
    return table


def _flat(text: str, n_chars: int) -> str:
    flat = " ".join(text[: 2 * n_chars].split())
    return flat if len(flat) <= n_chars else f"{flat[: n_chars - 1]}…"
