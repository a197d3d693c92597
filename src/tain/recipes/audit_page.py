"""An audit as one HTML page that needs nothing else: no network, no script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tain.core.files import whole_file
from tain.core.version import VERSION
from tain.corpora.audit import AuditReport, SplitAudit

N_ROWS = 25
_COLOURS = ("var(--human)", "var(--ai)", "#8a6fb0", "#7a8b2f", "#b0568a", "#5f6b75")
_SPOKEN = {
    "n_words": "length in words",
    "ends_in_mark": "ends in a mark",
    "non_ascii": "non-ASCII",
    "markdown": "Markdown",
}


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One surface feature and its AUROC, either way round, at each stage.

    Attributes:
        name: In plain words.
        raw: As the texts came.
        normalised: After the normaliser.
        matched: With lengths matched too.
    """

    name: str
    raw: float
    normalised: float
    matched: float


def feature_rows(split: SplitAudit) -> list[FeatureRow]:
    """The surface features of a split, loudest first and all together on top; empty where none were measured."""
    leakage = split.leakage
    if leakage.raw is None or leakage.normalised is None or leakage.matched is None:
        return []
    stages = (leakage.raw, leakage.normalised, leakage.matched)
    rows = [
        FeatureRow(
            _SPOKEN.get(name, name.replace("_", " ")),
            *(max(stage.per_feature[name], 1 - stage.per_feature[name]) for stage in stages),
        )
        for name in leakage.raw.per_feature
    ]
    rows.sort(key=lambda row: -max(row.raw, row.normalised, row.matched))
    return [FeatureRow("all together", *(stage.combined for stage in stages)), *rows]


def colours(report: AuditReport) -> dict[str, str]:
    """One colour for each label, the same in all plots."""
    names = sorted({label for split in report.splits for label in split.labels}, key=_label_order)
    return {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(names)}


def render_page(report: AuditReport) -> str:
    """The page, as text.

    Args:
        report: Of any corpus.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    loader = ChoiceLoader([PackageLoader("tain.recipes"), PackageLoader("tain.evaluation")])
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("audit.html").render(
        report=report,
        colours=colours(report),
        features={split.name: feature_rows(split) for split in report.splits},
        total=total,
        n_rows=N_ROWS,
        version=VERSION,
    )


def write_page(report: AuditReport, path: Path) -> None:
    """Write the page, whole or not at all.

    Args:
        report: Of any corpus.
        path: The file to write.
    """
    page = render_page(report)
    with whole_file(path) as part:
        part.write_text(page, encoding="utf-8")


def total(counts: Mapping[str, int]) -> int:
    """The sum of counts."""
    return sum(counts.values())


def _label_order(name: str) -> tuple[bool, bool, str]:
    return name != "human", name != "ai", name
