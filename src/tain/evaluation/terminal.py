"""A Report as tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from tain.evaluation import wording
from tain.evaluation.attacked_rows import AttackRow
from tain.evaluation.class_terminal import class_tables
from tain.evaluation.pan import PanMeasures
from tain.evaluation.parts import Comparison, PointResult, SliceTable
from tain.evaluation.schema import ClassReport, Report
from tain.evaluation.terminal_table import number_cells, rate_cells, table
from tain.evaluation.thresholds import DEFAULT_FPR

N_ROWS = 12


def render_terminal(report: Report | ClassReport) -> RenderableType:
    """What to give to `rich.print`: warnings, the headline, then a table per part of the Report.

    Args:
        report: Of any test.
    """
    if isinstance(report, ClassReport):
        return class_tables(report.measures)
    parts = [*_warnings(report), escape(wording.headline(report)), *_tables(report)]
    return Group(*(line for part in parts for line in (part, "")), wording.EVIDENCE)


def _warnings(report: Report) -> Iterator[RenderableType]:
    for warning in wording.warnings(report):
        yield f"[bold]Before you believe a flag:[/bold] {escape(warning)}"


def _tables(report: Report) -> Iterator[RenderableType]:
    yield _ranking(report)
    if report.operating_points:
        yield _operating_points(report)
        yield _measures(report)
    if report.comparisons:
        yield _comparisons(report)
        yield from (_decisions(other) for other in report.comparisons if other.decisions)
    if report.pan:
        yield pan_table(report.pan)
    if report.attacks:
        yield _attacks(report.attacks)
    if report.human_pools and report.operating_points:
        yield _pools(report)
    yield from (_slices(cut) for cut in report.slices)


def _ranking(report: Report) -> Table:
    made = table("Ranking", "Measure", "Value", "95% interval", "Note")
    rows = (("AUROC", report.ranking.auroc), ("Partial AUROC to 5%", report.ranking.pauroc))
    for name, found in (*rows, ("AUPRC", report.ranking.auprc)):
        made.add_row(name, *number_cells(found), found.reason or "")
    for at in report.ranking.tpr_at_fpr:
        name = f"TPR at {wording.target(at.target_fpr)} FPR"
        note = at.tpr.reason or f"threshold {at.threshold_source}"
        made.add_row(name, *rate_cells(wording.as_rate(at.tpr)), note)
    for name, found in (("Brier", report.calibration.brier), ("ECE", report.calibration.ece)):
        made.add_row(name, *number_cells(found), found.reason or "")
    coverage = report.counts.coverage
    made.add_row("Texts with a score", *rate_cells(coverage), wording.count_text(coverage))
    return made


def _operating_points(report: Report) -> Table:
    made = table("Stored operating points", "Set for", "False positives", "95% interval", "Count", "Target", "AI found")
    for result in report.operating_points:
        fpr, recall = result.rates.fpr, result.rates.recall
        cells = *rate_cells(fpr), wording.count_text(fpr), wording.achieved(result), wording.rate_text(recall)
        made.add_row(_name(result), *cells, style="bold" if result.is_default else None)
    return made


def _measures(report: Report) -> Table:
    headers = ("AI found", "95% interval", "Precision", "Accuracy", "Balanced", "F1 of AI", "Macro F1")
    made = table("Measures at these points", "Set for", *headers)
    for result in report.operating_points:
        rates = result.rates
        shares = (wording.rate_text(rate) for rate in (rates.precision, rates.accuracy))
        numbers = (wording.number_text(number) for number in (rates.balanced_accuracy, rates.f1, rates.f1_macro))
        style = "bold" if result.is_default else None
        made.add_row(_name(result), *rate_cells(rates.recall), *shares, *numbers, style=style)
    return made


def _name(result: PointResult) -> str:
    return wording.target(result.point.target_fpr)


def _comparisons(report: Report) -> Table:
    made = table("Other detectors on the same texts", "Detector", "AUROC", "95% interval", "Ours minus it", "p")
    for other in report.comparisons:
        gap = " ".join(number_cells(other.auroc_difference))
        made.add_row(escape(other.name), *number_cells(other.ranking.auroc), gap, wording.p_text(other.p_auroc))
    return made


def _decisions(other: Comparison) -> Table:
    headers = ("Among", "Only ours right", "Only the other", "Difference", "95% interval", "p")
    made = table(f"Decisions beside {other.name}", "Set for", *headers)
    for point in other.decisions:
        for test in point.tests:
            gap = rate_cells(wording.as_rate(test.difference))
            counts = f"{test.n_only_first:,}", f"{test.n_only_second:,}"
            made.add_row(wording.target(point.target_fpr), test.of, *counts, *gap, wording.p_text(test.p_value))
    return made


def pan_table(pan: PanMeasures) -> Table:
    """PAN's measures as a table.

    Args:
        pan: Of any test.
    """
    made = table("As PAN's shared task counts, above one half is AI", "Measure", "Value", "95% interval", "Note")
    for name, found, _ in wording.pan_rows(pan):
        made.add_row(name, *number_cells(found), found.reason or "")
    return made


def _attacks(rows: tuple[AttackRow, ...]) -> Table:
    at = rows[0].at_points or rows[0].at_fixed_fprs
    place = next((i for i, each in enumerate(at) if each.target_fpr == DEFAULT_FPR), 0)
    made = table(
        "Under attack, the most harmful first", "Attack", "AI found", "95% interval", "False positives", "AUROC"
    )
    for row in rows:
        result = (row.at_points or row.at_fixed_fprs)[place]
        cells = *rate_cells(result.tpr), wording.rate_text(result.fpr), wording.number_text(row.auroc_clean_negatives)
        made.add_row(escape(row.attack), *cells)
    return made


def _pools(report: Report) -> Table:
    at = next(i for i, result in enumerate(report.operating_points) if result.is_default)
    target = wording.target(report.operating_points[at].point.target_fpr)
    made = table(f"False positives set for {target}, worst first", "Kind", "Rate", "95% interval", "Count", "")
    for row in report.human_pools[:N_ROWS]:
        few = "few texts" if row.is_small else ""
        made.add_row(escape(row.pool), *rate_cells(row.fprs[at]), wording.count_text(row.fprs[at]), few)
    return made


def _slices(slices: SliceTable) -> Table:
    headers = (slices.name.capitalize(), "Human", "AI", "False positives", "AI found", "AUROC", "95% interval", "")
    made = table(f"By {slices.name}, worst first", *headers)
    for row in slices.rows[:N_ROWS]:
        counts = f"{row.n_human:,}", f"{row.n_ai:,}"
        rates = wording.rate_text(row.fpr), wording.rate_text(row.tpr)
        made.add_row(escape(row.value), *counts, *rates, *number_cells(row.auroc), "few texts" if row.is_small else "")
    return made
