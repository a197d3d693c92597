"""Figures as inline SVG, in colours that the page chooses, so that they follow light and dark."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Stand-ins that matplotlib accepts; on the page they are replaced by what CSS decides.
TEXT, GRID, HUMAN, AI = "#010101", "#020202", "#030303", "#040404"
_CSS = {TEXT: "currentColor", GRID: "var(--line)", HUMAN: "var(--human)", AI: "var(--ai)"}
_STYLE: Any = {  # matplotlib types its settings by hundreds of literal names
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "text.color": TEXT,
    "axes.edgecolor": GRID,
    "axes.labelcolor": TEXT,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": TEXT,
    "ytick.labelcolor": TEXT,
    "legend.frameon": False,
}
SIZE = (5.0, 3.1)


@contextmanager
def figure(title: str, name: str, n_rows: int = 0) -> Iterator[tuple[Axes, Callable[[], str]]]:
    """Axes to draw on, and a function that gives the SVG once all is drawn.

    Args:
        title: What the figure shows, for those who cannot see it.
        name: Of the figure on its page, so that ids do not meet.
        n_rows: Of a figure with a row for each of several things; 0 for one of the usual height.
    """
    height = SIZE[1] if not n_rows else 1.0 + 0.32 * n_rows
    # The salt keeps ids apart on a page with many plots, and equal from run to run.
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        drawing = Figure(figsize=(SIZE[0], height), layout="constrained")

        def done() -> str:
            with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
                return _to_svg(drawing, title)

        yield drawing.subplots(), done


def _to_svg(drawing: Figure, title: str) -> str:
    file = io.StringIO()
    with warnings.catch_warnings():
        # The reader's browser draws the letters; that matplotlib's own font lacks some only blurs its measure.
        warnings.filterwarnings("ignore", message="Glyph")
        drawing.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text[text.index("<svg") :], flags=re.S)
    head, body = text.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    text = f'{head} role="img" aria-label="{escape(title)}">{body}'
    for stand_in, css in _CSS.items():
        text = text.replace(stand_in, css)
    return text
