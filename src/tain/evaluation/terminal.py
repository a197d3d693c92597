"""A Report as tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from tain.evaluation import wording
from tain.evaluation.intervals import Estimate, Rate
from tain.evaluation.parts import PointResult, SliceTable
from tain.evaluation.schema import Report

N_ROWS = 12


def render_terminal(report: Report) -> RenderableType:
    """What to give to `rich.print`: the headline, then a table per part of the Report.

    Args:
        report: Of any test.
    """
    parts: list[RenderableType] = [escape(wording.headline(report)), _ranking(report)]
    if report.operating_points:
        parts.append(_operating_points(report))
    if report.comparisons:
        parts.append(_comparisons(report))
    if report.human_pools and report.operating_points:
        parts.append(_pools(report))
    parts.extend(_slices(table) for table in report.slices)
    return Group(*(line for part in parts for line in (part, "")), wording.EVIDENCE)


def _ranking(report: Report) -> Table:
    table = _table("Ranking", "Measure", "Value", "95% interval", "Note")
    rows = (("AUROC", report.ranking.auroc), ("Partial AUROC to 5%", report.ranking.pauroc))
    for name, found in (*rows, ("AUPRC", report.ranking.auprc)):
        table.add_row(name, *_number(found), found.reason or "")
    for at in report.ranking.tpr_at_fpr:
        name = f"TPR at {wording.target(at.target_fpr)} FPR"
        note = at.tpr.reason or f"threshold {at.threshold_source}"
        table.add_row(name, *_rate(wording.as_rate(at.tpr)), note)
    for name, found in (("Brier", report.calibration.brier), ("ECE", report.calibration.ece)):
        table.add_row(name, *_number(found), found.reason or "")
    coverage = report.counts.coverage
    table.add_row("Texts with a score", *_rate(coverage), wording.count_text(coverage))
    return table


def _operating_points(report: Report) -> Table:
    headers = (
        "Set for",
        "False positives",
        "95% interval",
        "Count",
        "Target",
        "AI found",
        "Precision",
        "F1",
        "Accuracy",
    )
    table = _table("Stored operating points", *headers)
    for result in report.operating_points:
        table.add_row(*_point_cells(result), style="bold" if result.is_default else None)
    return table


def _point_cells(result: PointResult) -> Iterator[str]:
    rates = result.rates
    yield wording.target(result.point.target_fpr)
    yield from (*_rate(rates.fpr), wording.count_text(rates.fpr), wording.achieved(result))
    yield from (wording.rate_text(rates.recall), wording.rate_text(rates.precision))
    yield from (wording.number_text(rates.f1), wording.rate_text(rates.accuracy))


def _comparisons(report: Report) -> Table:
    table = _table("Other detectors on the same texts", "Detector", "AUROC", "95% interval", "Ours minus it", "p")
    for other in report.comparisons:
        gap = other.auroc_difference
        p_value = wording.MISSING if other.p_auroc is None else f"{other.p_auroc:.2g}"
        table.add_row(escape(other.name), *_number(other.ranking.auroc), " ".join(_number(gap)), p_value)
    return table


def _pools(report: Report) -> Table:
    at = next(i for i, result in enumerate(report.operating_points) if result.is_default)
    target = wording.target(report.operating_points[at].point.target_fpr)
    table = _table(f"False positives set for {target}, worst first", "Kind", "Rate", "95% interval", "Count", "")
    for row in report.human_pools[:N_ROWS]:
        few = "few texts" if row.is_small else ""
        table.add_row(escape(row.pool), *_rate(row.fprs[at]), wording.count_text(row.fprs[at]), few)
    return table


def _slices(slices: SliceTable) -> Table:
    headers = (slices.name.capitalize(), "Human", "AI", "False positives", "AI found", "AUROC", "95% interval", "")
    table = _table(f"By {slices.name}, worst first", *headers)
    for row in slices.rows[:N_ROWS]:
        counts = f"{row.n_human:,}", f"{row.n_ai:,}"
        rates = wording.rate_text(row.fpr), wording.rate_text(row.tpr)
        table.add_row(escape(row.value), *counts, *rates, *_number(row.auroc), "few texts" if row.is_small else "")
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=escape(title), title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
    table.add_column(escape(first))
    for name in others:
        table.add_column(name, justify="left" if name in ("Note", "Target", "") else "right")
    return table


def _number(found: Estimate) -> tuple[str, str]:
    return wording.number_text(found), wording.number_interval(found)


def _rate(found: Rate) -> tuple[str, str]:
    return wording.rate_text(found), wording.rate_interval(found)
