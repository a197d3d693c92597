"""Spectra as pictures: singular values of all matrices, and their effective ranks one under the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tain.core.files import whole_file
from tain.recipes.spectra.spectra import MatrixRow, Spectra

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C510A", "#4D4D4D")
BASE, DPI, LABEL_CHARS = "#777777", 150, 48
_STYLE: Any = {  # matplotlib types its settings by hundreds of literal names
    "svg.fonttype": "none",
    "svg.hashsalt": "spectra",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.parse_math": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}
FORMATS: dict[str, dict[str, Any]] = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}


def save_plots(found: Spectra, folder: Path) -> list[Path]:
    """Write `values` and `ranks`, each as SVG and PNG; nothing where no matrix has a base that differs.

    Args:
        found: What was computed.
        folder: Gets the files.

    Returns:
        The files.
    """
    rows = [row for row in found.rows if row.change.base is not None]
    if not rows:
        return []
    with mpl.rc_context(_STYLE):
        figures = {"values": _values(rows, found.settings.share), "ranks": _ranks(rows, found.settings.share)}
        return [_save(figure, folder / f"{name}.{form}") for name, figure in figures.items() for form in FORMATS]


def _save(figure: Figure, path: Path) -> Path:
    with whole_file(path) as part:
        figure.savefig(part, dpi=DPI, metadata=FORMATS[path.suffix[1:]])
    return path


def _values(rows: Sequence[MatrixRow], share: float) -> Figure:
    kinds = list(dict.fromkeys(_kind(row) for row in rows))
    colours = {kind: COLOURS[place % len(COLOURS)] for place, kind in enumerate(kinds)}
    figure = Figure(figsize=(10.5, 3.6), layout="constrained")
    both, change, mass = figure.subplots(1, 3)
    for row in rows:
        _draw(row, colours[_kind(row)], both, change, mass)
    both.set(title="singular values: base (grey), tuned", xlabel="place", yscale="log")
    change.set(title="of the change, over the base's largest", xlabel="place", yscale="log")
    mass.set(title="squared mass of the change", xlabel="place over the shorter side", ylim=(0, 1.02))
    for axes in (both, change):
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")  # powers of ten would need the maths that names may not
        axes.yaxis.set_minor_formatter(lambda y, _: "")
    mass.axhline(share, color=BASE, linewidth=0.8, linestyle=":")
    handles = [mass.plot([], [], color=colours[kind])[0] for kind in kinds]
    figure.legend(handles, kinds, loc="outside lower center", ncols=min(6, len(kinds)))
    return figure


def _draw(row: MatrixRow, colour: str, both: Axes, change: Axes, mass: Axes) -> None:
    base, tuned, difference = row.change.base, row.change.tuned, row.change.difference
    if base is None or difference is None:
        return
    thin: Any = {"linewidth": 0.8, "alpha": 0.8}
    both.plot(*_above_zero(base.values), color=BASE, **thin)
    both.plot(*_above_zero(tuned.values), color=colour, linestyle="--", **thin)
    # A product of few factors would be a point without a mark.
    dotted: Any = {**thin, "marker": ".", "markersize": 3}
    change.plot(*_above_zero(difference.values / max(base.spectral, 1e-300)), color=colour, **dotted)
    if difference.frobenius > 0:
        shares = np.cumsum(difference.values**2) / difference.frobenius**2
        places = np.arange(1, len(shares) + 1) / min(row.shape)
        mass.plot(np.r_[0, places], np.r_[0, shares], color=colour, **dotted)


def _above_zero(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # Zeros up to rounding have no place on a logarithmic axis.
    is_shown = values > 1e-12 * values.max(initial=0.0)
    return 1 + np.flatnonzero(is_shown), values[is_shown]


def _ranks(rows: Sequence[MatrixRow], share: float) -> Figure:
    figure = Figure(figsize=(7.0, 1.2 + 0.2 * len(rows)), layout="constrained")
    axes, places = figure.subplots(), np.arange(len(rows))
    looks = {"base": (BASE, "o"), "tuned": (COLOURS[0], "x"), "difference": (COLOURS[1], "D")}
    for part, (colour, marker) in looks.items():
        ranks = [getattr(row.change, part).effective_rank(share) for row in rows]
        axes.plot(ranks, places, marker, color=colour, markersize=4, label="change" if part == "difference" else part)
    axes.set_yticks(places, [_short(row.name) for row in rows], fontsize=7)
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlabel=f"effective rank at {share:.0%} of the squared mass")
    axes.set_xlim(left=0)
    figure.legend(loc="outside upper right", ncols=3)
    return figure


def _kind(row: MatrixRow) -> str:
    """What all layers call it: the last parts of the name behind the last number."""
    parts = row.name.removesuffix(".weight").split(".")
    last = max((place for place, part in enumerate(parts) if part.isdigit()), default=len(parts) - 2)
    return _short(".".join(parts[last + 1 :]))


def _short(name: str) -> str:
    name = name.removesuffix(".weight")
    return name if len(name) <= LABEL_CHARS else "…" + name[1 - LABEL_CHARS :]
