"""The picture of the study: how many flips each ranking finds, by the share of texts that somebody looks at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from measures import INSPECTED
from plan import FLIPPED_SHARE, TASKS

from tain.core.files import whole_file

LOOKS = {
    "datainf": ("#0072B2", "-"),
    "hessian_free": ("#56B4E9", "--"),
    "lissa": ("#CC79A7", "-."),
    "exact": ("#000000", ":"),
    "representation": ("#009E73", "-"),
    "loss": ("#D55E00", "--"),
    "combined": ("#E69F00", "-"),
}
STYLE: Any = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}
Found = dict[str, Any]


def draw(done: Sequence[Found], page: Path) -> None:
    """Write `NAME-found.png` beside the page.

    Args:
        done: Cells.
        page: Whose name it gets.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.4), layout="constrained")
        panels = figure.subplots(1, len(TASKS), sharey=True)
        for axes, task in zip(panels, TASKS, strict=True):
            _panel(axes, [f for f in done if f["task"] == task.name], task.name)
        panels[0].set_ylabel("share of the flipped labels found")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=8)
        with whole_file(page.with_name(f"{page.stem}-found.png")) as part:
            figure.savefig(part, dpi=130, metadata={"Software": None})


def _panel(axes: Axes, own: Sequence[Found], name: str) -> None:
    axes.plot([0, FLIPPED_SHARE, 1], [0, 1, 1], color="#BBBBBB", linewidth=0.8, label="best possible")
    axes.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=0.8, linestyle=":", label="at random")
    for ranking, (colour, dash) in LOOKS.items():
        curves = [f["rankings"][ranking]["recall"] for f in own]
        if curves:
            axes.plot(INSPECTED, np.mean(curves, axis=0), color=colour, linestyle=dash, label=ranking)
    axes.set(
        title=f"{name} ({len(own)} {'cell' if len(own) == 1 else 'cells'})",
        xlabel="share of the texts inspected",
        xlim=(0, 1),
        ylim=(0, 1),
    )
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
