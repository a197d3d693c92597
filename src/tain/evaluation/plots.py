"""The plots of a Report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from tain.evaluation.intervals import Rate
from tain.evaluation.parts import PoolRow, SliceTable
from tain.evaluation.schema import Report
from tain.evaluation.svg import AI, HUMAN, TEXT, figure
from tain.evaluation.wording import target

N_ROWS = 15
N_OTHERS = 5
LABEL_CHARS = 22
DASHES = (":", "-.", (0, (5, 1)), (0, (1, 2)), (0, (3, 1, 1, 1, 1, 1)))


def histogram(report: Report) -> str | None:
    """The scores of both classes with the stored thresholds, or None when there are no scores.

    Args:
        report: Of any test.
    """
    curves = report.curves
    if not sum(curves.human_counts) + sum(curves.ai_counts):
        return None
    with figure("Scores by class", "histogram") as (axes, done):
        for counts, colour, name in ((curves.human_counts, HUMAN, "human"), (curves.ai_counts, AI, "AI")):
            if n := sum(counts):
                shares = np.array(counts) / n
                axes.stairs(shares, curves.bin_edges, fill=True, color=colour, alpha=0.35)
                axes.stairs(shares, curves.bin_edges, color=colour, label=f"{name} ({n:,})")
        _thresholds(axes, report)
        axes.set(xlabel="score (logit, higher means AI)", ylabel="share of the class")
        axes.legend(loc="upper left", bbox_to_anchor=(0, 1.02))
    return done()


def roc(report: Report) -> str | None:
    """TPR against FPR over the whole range, or None when a class is absent.

    Args:
        report: Of any test.
    """
    curves = report.curves
    if not curves.roc_fpr:
        return None
    with figure("True positive rate by false positive rate, whole range", "roc") as (axes, done):
        axes.plot(curves.roc_fpr, curves.roc_tpr, color=AI, drawstyle="steps-post", label="this detector")
        axes.plot([0, 1], [0, 1], color=TEXT, alpha=0.5, linewidth=1, linestyle="--", label="chance")
        _stored_points(axes, report, lowest=0)
        axes.set(xlim=(-0.01, 1), ylim=(0, 1.02), xlabel="false positive rate", ylabel="true positive rate")
        axes.xaxis.set_major_formatter(lambda x, _: target(round(x, 3)))
        axes.legend(loc="lower right")
    return done()


def low_fpr(report: Report) -> str | None:
    """TPR at low false positive rates, of all detectors, or None when a class is absent.

    Args:
        report: Of any test.
    """
    curves = report.curves
    if not curves.roc_fpr:
        return None
    lowest = min(0.01, max(1 / report.counts.n_human, 1e-4))
    with figure("True positive rate at low false positive rates", "low-fpr") as (axes, done):
        for i, other in enumerate(report.comparisons[:N_OTHERS]):
            fpr = np.maximum(other.roc_fpr, lowest)
            style: Any = {"color": TEXT, "alpha": 0.65, "linewidth": 1.2, "linestyle": DASHES[i % len(DASHES)]}
            axes.plot(fpr, other.roc_tpr, drawstyle="steps-post", label=short(other.name), **style)
        axes.plot(np.maximum(curves.roc_fpr, lowest), curves.roc_tpr, color=AI, drawstyle="steps-post")
        chance = np.geomspace(lowest, 1, 100)
        axes.plot(chance, chance, color=TEXT, alpha=0.35, linewidth=1, linestyle="--", label="chance")
        _stored_points(axes, report, lowest=lowest)
        axes.set(xscale="log", xlim=(lowest, 1), ylim=(0, 1.02))
        axes.set(xlabel="false positive rate (logarithmic)", ylabel="true positive rate")
        axes.xaxis.set_major_formatter(lambda x, _: target(x))
        axes.legend(loc="best", fontsize=9)
    return done()


def reliability(report: Report) -> str | None:
    """How often texts of each probability are AI, or None when there are no probabilities.

    Args:
        report: Of any test.
    """
    bins = [item for item in report.calibration.bins if item.ai.value is not None]
    if not bins:
        return None
    with figure("Reliability of probabilities", "reliability") as (axes, done):
        axes.plot([0, 1], [0, 1], color=TEXT, alpha=0.5, linewidth=1, linestyle="--", label="perfect")
        _intervals(axes, [item.mean_p_ai or 0.0 for item in bins], [item.ai for item in bins], AI, is_upright=True)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.set(xlabel="probability of AI", ylabel="share that is AI")
        axes.legend(loc="upper left")
    return done()


def slices(table: SliceTable) -> str | None:
    """Both error rates of the worst slices with their intervals, or None when there are none.

    Args:
        table: Of one property.
    """
    rows = [row for row in table.rows if row.fpr.value is not None or row.tpr.value is not None][:N_ROWS]
    if not rows:
        return None
    with figure(f"Found AI texts and false positives by {table.name}", f"slices-{table.name}", len(rows)) as (
        axes,
        done,
    ):
        places = np.arange(len(rows), dtype=float)
        _intervals(axes, places - 0.14, [row.tpr for row in rows], AI, label="AI texts found")
        _intervals(axes, places + 0.14, [row.fpr for row in rows], HUMAN, label="human texts called AI")
        _rows(axes, [row.value for row in rows])
        axes.set_xlim(-0.02, 1.02)
        axes.xaxis.set_major_formatter(lambda x, _: target(round(x, 3)))
    return done()


def pools(rows: Sequence[PoolRow], *, at: int, target_fpr: float) -> str | None:
    """The false positive rate of the worst pools, with their intervals and the target, or None when there are none.

    Args:
        rows: Worst first.
        at: Position of the operating point.
        target_fpr: Of that operating point.
    """
    kept = [row for row in rows if row.fprs[at].value is not None][:N_ROWS]
    if not kept:
        return None
    with figure(f"False positives at the {target(target_fpr)} operating point", "pools", len(kept)) as (axes, done):
        _intervals(axes, np.arange(len(kept)), [row.fprs[at] for row in kept], HUMAN, label="achieved")
        axes.axvline(target_fpr, color=TEXT, linestyle=":", linewidth=1, label=f"target {target(target_fpr)}")
        _rows(axes, [row.pool for row in kept])
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(lambda x, _: target(round(x, 5)))
    return done()


def short(name: str) -> str:
    """A name that fits beside a plot.

    Args:
        name: Of any length.
    """
    return name if len(name) <= LABEL_CHARS else name[: LABEL_CHARS - 1] + "…"


def _stored_points(axes: Axes, report: Report, *, lowest: float) -> None:
    for result in report.operating_points:
        fpr, tpr = result.rates.fpr.value, result.rates.recall.value
        if fpr is not None and tpr is not None:
            axes.plot(max(fpr, lowest), tpr, "o", color=HUMAN, markersize=5)
    if report.operating_points:
        axes.plot([], [], "o", color=HUMAN, markersize=5, label="stored operating points")


def _thresholds(axes: Axes, report: Report) -> None:
    # Labels and legend get room above the histogram; neighbours take turns in height.
    axes.set_ylim(0, axes.get_ylim()[1] * 1.3)
    for i, result in enumerate(sorted(report.operating_points, key=lambda item: item.point.threshold)):
        at, text = result.point.threshold, target(result.point.target_fpr)
        axes.axvline(at, color=TEXT, linewidth=1, linestyle="-" if result.is_default else ":")
        place = (at, 1 - 0.065 * (i % 4))
        # An offset in points, because a leading space does not survive in SVG.
        axes.annotate(
            text, place, (3, 0), xycoords=axes.get_xaxis_transform(), textcoords="offset points", va="top", fontsize=8
        )


def _intervals(
    axes: Axes,
    places: Sequence[float] | np.ndarray,
    rates: Sequence[Rate],
    colour: str,
    *,
    label: str | None = None,
    is_upright: bool = False,
) -> None:
    known = [(place, rate) for place, rate in zip(places, rates, strict=True) if rate.value is not None]
    for place, rate in known:
        ends = [rate.low, rate.high]
        line = ([place, place], ends) if is_upright else (ends, [place, place])
        axes.plot(*line, color=colour, linewidth=2, alpha=0.5, solid_capstyle="butt")
    values = [rate.value for _, rate in known]
    centres = [place for place, _ in known]
    axes.plot(*((centres, values) if is_upright else (values, centres)), "o", color=colour, markersize=5, label=label)


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), [short(name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    # It ends where the axes end and grows to the left, over the names, so that long names never push it out.
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0)
