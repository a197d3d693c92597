"""A Report as one HTML page that needs nothing else: no network, no script, readable on a phone and on paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tain.core.files import whole_file
from tain.evaluation import plots, wording
from tain.evaluation.parts import Stretch, WorstText
from tain.evaluation.schema import ClassReport, Report

N_ROWS = 40
N_CONFUSED = 12
N_MISTAKES = 40


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text as it is shown.

    Attributes:
        text: The characters.
        window: That it belongs to; None between windows.
    """

    text: str
    window: Stretch | None


def render_html(report: Report, *, title: str = "Evaluation report") -> str:
    """The page, as text.

    Args:
        report: Of any test.
        title: Of the page.
    """
    at = next((i for i, result in enumerate(report.operating_points) if result.is_default), None)
    return _render(
        "report.html",
        report=report,
        title=title,
        default=report.default_point,
        parts=list(_parts(report)),
        warnings=wording.warnings(report),
        plots=_plots(report, at),
        slice_plots={table.name: _markup(plots.slices(table)) for table in report.slices},
        share_ai=_share_ai(report),
        worst=list(_worst(report)),
        n_rows=N_ROWS,
    )


def render_class_html(report: ClassReport, *, title: str = "Evaluation report") -> str:
    """The page of a classifier, as text.

    Args:
        report: Of any test.
        title: Of the page.
    """
    mistakes = sorted(_mistakes(report), key=lambda row: (-row[2], row[0], row[1]))[:N_MISTAKES]
    return _render("class_report.html", report=report, title=title, mistakes=mistakes, n_confused=N_CONFUSED)


def write_html(report: Report, path: Path, *, title: str = "Evaluation report") -> None:
    """Write the page, whole or not at all.

    Args:
        report: Of any test.
        path: The file to write.
        title: Of the page.
    """
    _write(render_html(report, title=title), path)


def write_class_html(report: ClassReport, path: Path, *, title: str = "Evaluation report") -> None:
    """Write the page of a classifier, whole or not at all.

    Args:
        report: Of any test.
        path: The file to write.
        title: Of the page.
    """
    _write(render_class_html(report, title=title), path)


def pieces(worst: WorstText) -> list[Piece]:
    """A text cut at its windows, in order; what no window covers stands by itself.

    Args:
        worst: Its windows may touch but are shown once where they overlap.
    """
    found, done = [], 0
    for window in sorted(worst.windows, key=lambda each: each.start):
        start, end = max(window.start, done), min(window.end, len(worst.text))
        if start >= end:
            continue
        found += [Piece(worst.text[done:start], None), Piece(worst.text[start:end], window)]
        done = end
    return [piece for piece in (*found, Piece(worst.text[done:], None)) if piece.text]


def _render(template: str, *, report: Report | ClassReport, **values: Any) -> str:  # noqa: ANN401 (what a template takes)
    provenance = {key: _value_text(value) for key, value in report.provenance.items()}
    page = _environment().get_template(template)
    return page.render(report=report, provenance=provenance, words=wording, **values)


def _write(page: str, path: Path) -> None:
    with whole_file(path) as part:
        # Half a surrogate pair, which a text may hold, is no UTF-8.
        part.write_text(page, encoding="utf-8", errors="replace")


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("tain.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _parts(report: Report) -> Iterator[tuple[str, str]]:
    is_there = {
        ("points", "Operating points"): report.operating_points,
        ("ranking", "Ranking"): True,
        ("pools", "Kinds of human text"): report.human_pools,
        ("slices", "Slices"): report.slices,
        ("attacks", "Attacks"): report.attacks,
        ("others", "Other detectors"): report.comparisons,
        ("probabilities", "Probabilities"): True,
        ("pan", "PAN’s measures"): report.pan,
        ("drift", "Drift"): report.drift and report.drift.shifts,
        ("worst", "Worst mistakes"): report.worst,
        ("reading", "How to read this"): True,
        ("provenance", "Where this comes from"): True,
    }
    return (part for part, there in is_there.items() if there)


def _plots(report: Report, at: int | None) -> dict[str, Markup | None]:
    default = report.default_point
    pools = None
    if at is not None and default is not None:
        pools = plots.pools(report.human_pools, at=at, target_fpr=default.point.target_fpr)
    drawn = {
        "histogram": plots.histogram(report),
        "roc": plots.roc(report),
        "low_fpr": plots.low_fpr(report),
        "reliability": plots.reliability(report),
        "pools": pools,
    }
    return {name: _markup(svg) for name, svg in drawn.items()}


def _worst(report: Report) -> Iterator[dict[str, object]]:
    worst = report.worst
    if worst is None:
        return
    groups = (
        ("Human texts called AI, highest score first", worst.n_false_positives, worst.false_positives),
        ("AI texts that were missed, lowest score first", worst.n_misses, worst.misses),
    )
    is_open = True  # the first text of all, so that a reader sees what is behind the others
    for name, n, texts in groups:
        shown = [{"text": text, "pieces": pieces(text)} for text in texts]
        count = f"{len(texts):,} of {n:,}, at the default threshold of {worst.threshold:.2f}."
        yield {"title": name, "count": count, "texts": shown, "is_open": is_open}
        is_open = is_open and not texts


def _mistakes(report: ClassReport) -> Iterator[tuple[str, str, int]]:
    names = [row.name for row in report.measures.classes]
    for truth, row in zip(names, report.measures.confusion, strict=True):
        yield from ((truth, called, n) for called, n in zip(names, row, strict=True) if n and called != truth)


def _share_ai(report: Report) -> float:
    bins = report.calibration.bins
    return sum(item.ai.k for item in bins) / max(sum(item.ai.n for item in bins), 1)


def _markup(svg: str | None) -> Markup | None:
    # Safe to leave unescaped: matplotlib escapes every text that it writes into an SVG.
    return None if svg is None else Markup(svg)


def _value_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
