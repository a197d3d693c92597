"""How both error rates moved from round to round, as one SVG."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tain.core.files import whole_file
from tain.evaluation.intervals import Rate

COLOURS = ("#1f5a96", "#a04a12", "#4a7c3a", "#6a3d8a")
SIZE = (8.0, 3.4)
_STYLE: Any = {  # matplotlib types its settings by hundreds of literal names
    "svg.fonttype": "none",
    "svg.hashsalt": "mining",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.parse_math": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}


@dataclass(frozen=True, slots=True)
class RoundPoint:
    """What one round of one arm came to.

    Attributes:
        round: Number; 0 is before mining.
        fpr: Control texts flagged at the true positive rate of round 0.
        tpr: AI texts found at the round's own operating point.
        is_kept: A round that was reverted is drawn hollow.
    """

    round: int
    fpr: Rate
    tpr: Rate
    is_kept: bool = True


def plot_rounds(arms: Mapping[str, Sequence[RoundPoint]]) -> str:
    """The false positive rate at a fixed true positive rate, and the true positive rate at the operating point.

    Args:
        arms: Points of each arm by its name, in order of rounds.
    """
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        left, right = figure.subplots(1, 2)
        for (name, points), colour in zip(arms.items(), COLOURS, strict=False):
            _draw(left, [(p.round, p.fpr, p.is_kept) for p in points], colour, name)
            _draw(right, [(p.round, p.tpr, p.is_kept) for p in points], colour, name)
        _label(left, "human control texts flagged,\nat the true positive rate of round 0")
        _label(right, "AI validation texts found,\nat the operating point")
        left.legend(loc="best")
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def save_plot(path: Path, arms: Mapping[str, Sequence[RoundPoint]]) -> None:
    """Write the plot, whole or not at all.

    Args:
        path: .svg.
        arms: As in `plot_rounds`.
    """
    with whole_file(path) as part:
        part.write_text(plot_rounds(arms), encoding="utf-8")


def _draw(axes: Axes, points: Sequence[tuple[int, Rate, bool]], colour: str, name: str) -> None:
    known = [(place, rate, is_kept) for place, rate, is_kept in points if rate.value is not None]
    for place, rate, _ in known:
        ends = [rate.low or 0.0, rate.high or 0.0]
        axes.plot([place, place], ends, color=colour, linewidth=2, alpha=0.4, solid_capstyle="butt")
    values = [(place, rate.value or 0.0) for place, rate, _ in known]
    axes.plot([x for x, _ in values], [y for _, y in values], color=colour, linewidth=1, label=name)
    for (x, y), (_, _, is_kept) in zip(values, known, strict=True):
        axes.plot(x, y, "o", color=colour, markersize=5, markerfacecolor=colour if is_kept else "white")


def _label(axes: Axes, what: str) -> None:
    axes.set(xlabel="round (hollow: reverted)", ylabel=what)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(lambda y, _: f"{100 * y:.3g}%")
