"""The results of a study as pictures: a measure against the parameters that train, and heat maps of varied settings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tain.core.files import whole_file
from tain.recipes.studies.spread import Spread
from tain.recipes.studies.tuning.measures import TITLES
from tain.recipes.studies.tuning.rows import TuningRow

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C510A", "#4D4D4D", "#B2182B", "#762A83")
MARKERS = "osD^vP*Xp<>h"
DASHES: tuple[Any, ...] = ("--", ":", "-.", (0, (5, 1)), (0, (1, 2)), (0, (3, 1, 1, 1)))
PANEL = (3.2, 2.7)
DPI = 150
STYLE: Any = {
    "font.size": 9,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "axes.titlesize": 9,
}


def save_plots(rows: Sequence[TuningRow], folder: Path) -> list[Path]:
    """Write every picture that the rows give something to show for.

    Args:
        rows: Of one study.
        folder: Gets `parameters-BASE.png` for each backbone and `grid-TASK-BASE-METHOD.png` for each method with
            one or two varied settings.

    Returns:
        The files.
    """
    files = []
    shown = [row for row in rows if row.accuracy.n]
    for base in dict.fromkeys(row.base for row in shown if row.n_trainable):
        own = [row for row in shown if row.base in (base, "")]
        files.append(save_figure(_parameters(own), folder / f"parameters-{plain_name(base)}.png"))
    grids: dict[tuple[str, str, str], list[TuningRow]] = {}
    for row in shown:
        if 1 <= len(row.varied) <= 2:
            grids.setdefault((row.task, row.base, row.method), []).append(row)
    for key, own in grids.items():
        if len(own) > 1:
            files.append(save_figure(_grid(own), folder / f"grid-{'-'.join(map(plain_name, key))}.png"))
    return files


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a picture, whole or not at all.

    Args:
        figure: What to write.
        path: PNG.
    """
    with mpl.rc_context(STYLE), whole_file(path) as part:
        figure.savefig(part, dpi=DPI, metadata={"Software": None})
    return path


def plain_name(name: str) -> str:
    """A name as part of a file's name.

    Args:
        name: Of a task, a method, or a backbone, which may be a folder.
    """
    return "".join(sign if sign.isalnum() or sign in "-_.+" else "-" for sign in Path(name).name or "none")


def _shown(row: TuningRow) -> tuple[str, Spread]:
    """The measure that chose, with its name."""
    return next(iter(row.measures.items()))


def _parameters(rows: Sequence[TuningRow]) -> Figure:
    tasks = list(dict.fromkeys(row.task for row in rows))
    sizes = {task: sorted({row.size for row in rows if row.task == task}) for task in tasks}
    depth = max(map(len, sizes.values()))
    names = list(dict.fromkeys(row.contestant for row in rows if row.n_trainable))
    classical = list(dict.fromkeys(row.contestant for row in rows if not row.n_trainable))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(PANEL[0] * len(tasks) + 0.4, PANEL[1] * depth + 0.7), layout="constrained")
        panels = figure.subplots(depth, len(tasks), squeeze=False)
        handles: dict[str, Any] = {}
        for column, task in zip(panels.T, tasks, strict=True):
            for axes, size in zip_longest(column, sizes[task]):
                own = [row for row in rows if row.size == size and row.task == task]
                axes.set_axis_off() if not own else _panel(axes, own, names, classical, handles)
        ordered = [name for name in (*names, *classical) if name in handles]
        figure.legend([handles[n] for n in ordered], ordered, loc="outside lower center", ncols=min(4, len(ordered)))
    return figure


def _panel(
    axes: Axes, rows: Sequence[TuningRow], names: Sequence[str], classical: Sequence[str], handles: dict[str, Any]
) -> None:
    for row in rows:
        _, value = _shown(row)
        if row.n_trainable:
            place = names.index(row.contestant)
            look: Any = {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}
            handles[row.contestant] = axes.errorbar(
                row.n_trainable, value.mean, yerr=value.sd, linestyle="none", markersize=6, capsize=3, **look
            )
        else:
            dash = DASHES[classical.index(row.contestant) % len(DASHES)]
            handles[row.contestant] = axes.axhline(value.mean, color="#666666", linewidth=1, linestyle=dash)
    # A range of less than a decade would leave a logarithmic axis without a labelled tick.
    counts = [row.n_trainable for row in rows if row.n_trainable]
    axes.set(xscale="log", xlim=(min(counts) / 3, max(counts) * 3) if counts else None)
    axes.xaxis.set_major_formatter(lambda x, _: short_count(x))
    axes.xaxis.set_minor_formatter(lambda x, _: "")
    axes.set(xlabel="trainable parameters", ylabel=TITLES[_shown(rows[0])[0]])
    axes.set_title(f"{rows[0].task}, {rows[0].size:,} texts")
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)


def short_count(count: float) -> str:
    """A number such as 22M or 500, for an axis.

    Args:
        count: Of texts or parameters.
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:g}{letter}"
    return f"{count:g}"


def _grid(rows: Sequence[TuningRow]) -> Figure:
    """One varied setting against the number of texts, or two against each other for each number."""
    keys = list(rows[0].varied)
    panels: dict[str, list[tuple[Any, Any, TuningRow]]]
    if len(keys) == 1:
        panels = {"": [(row.size, row.varied[keys[0]], row) for row in rows]}
        labels = "training texts", keys[0]
    else:
        sizes = sorted({row.size for row in rows})
        panels = {
            f"{size:,} texts": [(row.varied[keys[0]], row.varied[keys[1]], row) for row in rows if row.size == size]
            for size in sizes
        }
        labels = keys[0], keys[1]
    values = [_shown(row)[1].mean for row in rows]
    with mpl.rc_context(STYLE):
        n_columns = max(len({x for x, _, _ in own}) for own in panels.values())
        width, height = (
            max(PANEL[0], 0.85 * n_columns + 1.2),
            max(PANEL[1], 0.5 * len({r.contestant for r in rows}) + 1),
        )
        figure = Figure(figsize=(width * len(panels) + 0.8, height), layout="constrained")
        drawn: Any = None
        for axes, (title, own) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
            drawn = _heat_map(axes, own, limits=(min(values), max(values)))
            axes.set(xlabel=labels[0], ylabel=labels[1])
            axes.set_title(", ".join(part for part in (rows[0].task, rows[0].method, title) if part))
        figure.colorbar(drawn, ax=figure.axes, label=TITLES[_shown(rows[0])[0]])
    return figure


def _heat_map(axes: Axes, cells: Sequence[tuple[Any, Any, TuningRow]], *, limits: tuple[float, float]) -> Any:  # noqa: ANN401
    xs, ys = (list(dict.fromkeys(cell[k] for cell in sorted(cells, key=lambda c: _order(c[k])))) for k in (0, 1))
    table = np.full((len(ys), len(xs)), np.nan)
    low, high = limits if limits[0] < limits[1] else (limits[0] - 0.01, limits[1] + 0.01)
    for x, y, row in cells:
        value = _shown(row)[1]
        place = xs.index(x), ys.index(y)
        table[place[1], place[0]] = value.mean
        text = f"{value.mean:.3f}" + (f"\n±{value.sd:.3f}" if value.sd is not None else "")
        is_dark = value.mean < low + 0.55 * (high - low)
        axes.text(*place, text, ha="center", va="center", fontsize=8, color="white" if is_dark else "black")
    drawn = axes.imshow(table, cmap="viridis", vmin=low, vmax=high, aspect="auto", origin="lower")
    axes.set_xticks(range(len(xs)), [f"{x:,}" if isinstance(x, int) else str(x) for x in xs])
    axes.set_yticks(range(len(ys)), [str(y) for y in ys])
    return drawn


def _order(value: Any) -> tuple[int, Any]:  # noqa: ANN401 (a setting)
    return (0, value) if isinstance(value, int | float) else (1, str(value))
