"""Error against the number of training texts, with the fitted curve, and the false positive rate below it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tain.recipes.studies.scaling.results import ERRORS, Fit, ScalingRow
from tain.recipes.studies.tuning.plots import COLOURS, MARKERS, STYLE, plain_name, save_figure, short_count

PANEL = (4.0, 3.2)
N_POINTS = 60


def save_curves(rows: Sequence[ScalingRow], fits: Sequence[Fit], folder: Path, *, target_fpr: float) -> list[Path]:
    """Write a picture for each contestant.

    Args:
        rows: Of one study.
        fits: Of the same.
        folder: Gets `curve-CONTESTANT.png`.
        target_fpr: Drawn as a line.

    Returns:
        The files.
    """
    names = list(dict.fromkeys(row.contestant for row in rows))
    files = []
    for name in names:
        own, curves = [row for row in rows if row.contestant == name], [fit for fit in fits if fit.contestant == name]
        path = folder / f"curve-{plain_name(name)}.png"
        files.append(save_figure(_curves(own, curves, target_fpr), path))
    return files


def _curves(rows: Sequence[ScalingRow], fits: Sequence[Fit], target_fpr: float) -> Figure:
    growths = list(dict.fromkeys(row.growth for row in rows if row.growth != "both"))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(PANEL[0] * 3, PANEL[1] + 0.4), layout="constrained")
        panels = figure.subplots(1, 3)
        handles: dict[str, Any] = {}
        for axes, (title, field) in zip(panels, {**ERRORS, "FPR at the fixed threshold": "fpr"}.items(), strict=True):
            for place, growth in enumerate(growths):
                own = sorted((row for row in rows if row.growth in (growth, "both")), key=lambda row: row.n_train.mean)
                look = {"color": COLOURS[place], "marker": MARKERS[place]}
                handles[growth] = _points(axes, own, field, look)
                for fit in fits:
                    if (fit.growth, fit.error) == (growth, title):
                        _curve(axes, fit, COLOURS[place])
            axes.set(xscale="log", xlabel="training texts", ylabel=title)
            axes.xaxis.set_major_formatter(lambda x, _: short_count(x))
            axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
            axes.set_axisbelow(True)
        panels[2].axhline(target_fpr, color="#666666", linewidth=1, linestyle="--")
        panels[2].set_ylim(bottom=0)
        figure.suptitle(f"{rows[0].contestant}: on corpora that it never saw", fontsize=10)
        figure.legend(handles.values(), [f"{name} growth" for name in handles], loc="outside lower center", ncols=2)
    return figure


def _points(axes: Axes, rows: Sequence[ScalingRow], field: str, look: dict[str, Any]) -> Any:  # noqa: ANN401
    values = [getattr(row, field) for row in rows]
    sizes = [row.n_train.mean for row in rows]
    errors = [value.sd or 0.0 for value in values]
    style = "none" if field != "fpr" else "-"
    return axes.errorbar(
        sizes, [v.mean for v in values], yerr=errors, linestyle=style, linewidth=0.8, markersize=5, capsize=2, **look
    )


def _curve(axes: Axes, fit: Fit, colour: str) -> None:
    found = fit.forecast
    if found is None:
        return
    sizes = np.geomspace(found.curve.unit, 4 * found.largest, N_POINTS)
    bands = [found.at(size) for size in sizes]
    axes.plot(sizes, [band.value for band in bands], color=colour, linewidth=1)
    axes.fill_between(sizes, [band.low for band in bands], [band.high for band in bands], color=colour, alpha=0.15)
