"""A Report as one HTML page that needs nothing else: no network, no script, readable on a phone and on paper."""

from __future__ import annotations

import json
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tain.core.files import whole_file
from tain.evaluation import plots, wording
from tain.evaluation.schema import Report

N_ROWS = 40


def render_html(report: Report, *, title: str = "Evaluation report") -> str:
    """The page, as text.

    Args:
        report: Of any test.
        title: Of the page.
    """
    at = next((i for i, result in enumerate(report.operating_points) if result.is_default), None)
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            title=title,
            default=report.default_point,
            default_at=at,
            plots=_plots(report, at),
            slice_plots={table.name: _markup(plots.slices(table)) for table in report.slices},
            provenance={key: _value_text(value) for key, value in report.provenance.items()},
            share_ai=_share_ai(report),
            n_rows=N_ROWS,
            words=wording,
        )
    )


def write_html(report: Report, path: Path, *, title: str = "Evaluation report") -> None:
    """Write the page, whole or not at all.

    Args:
        report: Of any test.
        path: The file to write.
        title: Of the page.
    """
    page = render_html(report, title=title)
    with whole_file(path) as part:
        part.write_text(page, encoding="utf-8")


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("tain.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _plots(report: Report, at: int | None) -> dict[str, Markup | None]:
    default = report.default_point
    pools = None
    if at is not None and default is not None:
        pools = plots.pools(report.human_pools, at=at, target_fpr=default.point.target_fpr)
    drawn = {
        "histogram": plots.histogram(report),
        "roc": plots.roc(report),
        "reliability": plots.reliability(report),
        "pools": pools,
    }
    return {name: _markup(svg) for name, svg in drawn.items()}


def _share_ai(report: Report) -> float:
    bins = report.calibration.bins
    return sum(item.ai.k for item in bins) / max(sum(item.ai.n for item in bins), 1)


def _markup(svg: str | None) -> Markup | None:
    # Safe to leave unescaped: matplotlib escapes every text that it writes into an SVG.
    return None if svg is None else Markup(svg)


def _value_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
