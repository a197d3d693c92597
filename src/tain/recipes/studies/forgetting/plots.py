"""What is learnt against what is retained: a point for each contestant and number of texts, and what no other beats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tain.recipes.studies.forgetting.results import ForgettingRow
from tain.recipes.studies.tuning.measures import TITLES
from tain.recipes.studies.tuning.plots import COLOURS, MARKERS, STYLE, plain_name, save_figure

PANEL = (5.6, 4.2)


def save_pareto(rows: Sequence[ForgettingRow], folder: Path) -> list[Path]:
    """Write a picture for each task and backbone.

    Args:
        rows: Of one study.
        folder: Gets `pareto-TASK-BASE.png`.

    Returns:
        The files.
    """
    before = {row.base: row.mean_retained.mean for row in rows if not row.contestant}
    kinds: dict[tuple[str, str], list[ForgettingRow]] = {}
    for row in rows:
        if row.contestant:
            kinds.setdefault((row.task, row.base), []).append(row)
    return [
        save_figure(_pareto(own, before.get(base)), folder / f"pareto-{plain_name(task)}-{plain_name(base)}.png")
        for (task, base), own in kinds.items()
    ]


def front(points: Sequence[tuple[float, float]]) -> list[int]:
    """The places of the points that no other beats in both coordinates, from left to right; of equals, the first.

    Args:
        points: What is learnt and what is retained; more of each is better.
    """
    found: list[int] = []
    for place in sorted(range(len(points)), key=lambda index: (-points[index][0], -points[index][1], index)):
        if not found or points[place][1] > points[found[-1]][1]:
            found.append(place)
    return found[::-1]


def _pareto(rows: Sequence[ForgettingRow], before: float | None) -> Figure:
    names = list(dict.fromkeys(row.contestant for row in rows))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=PANEL, layout="constrained")
        axes = figure.subplots()
        handles = [_trail(axes, [row for row in rows if row.contestant == name], place) for place, name in
                   enumerate(names)]  # fmt: skip
        if before is not None:
            axes.axhline(before, color="#666666", linewidth=1, linestyle="--")
            axes.annotate(
                "before training", (0.01, before), xycoords=("axes fraction", "data"), va="bottom", fontsize=8
            )
        own = [(row.learnt.mean, row.mean_retained.mean) for row in rows]
        axes.plot(*zip(*(own[place] for place in front(own)), strict=True), color="#BBBBBB", linewidth=4, zorder=0)
        axes.set(xlabel=f"learnt: {TITLES[rows[0].measure]}", ylabel="retained, mean of the old tasks")
        base = Path(rows[0].base).name  # a folder's whole path does not fit
        axes.set_title(
            f"{rows[0].task}, {base}\nlarger marks: more texts; grey: what no other beats", fontsize="medium"
        )
        axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
        axes.set_axisbelow(True)
        figure.legend(handles, names, loc="outside lower center", ncols=2)
    return figure


def _trail(axes: Axes, rows: Sequence[ForgettingRow], place: int) -> Any:  # noqa: ANN401 (an artist)
    look: Any = {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}
    ordered = sorted(rows, key=lambda row: row.size)
    points = [(row.learnt.mean, row.mean_retained.mean) for row in ordered]
    axes.plot(*zip(*points, strict=True), color=look["color"], linewidth=0.8)
    drawn: Any = None
    for nth, row in enumerate(ordered):
        drawn = axes.errorbar(
            row.learnt.mean, row.mean_retained.mean, xerr=row.learnt.sd, yerr=row.mean_retained.sd,
            linestyle="none", markersize=5 + 3 * nth, capsize=2, elinewidth=0.7, **look,
        )  # fmt: skip
    return drawn
