"""The files of an evaluation: Report, page, card and scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tain.core.example import Corpus
from tain.core.files import read_json, whole_file, whole_folder
from tain.detector import Detector, Verdict
from tain.detector.card import render_card
from tain.detector.engines import CLASSIFIER
from tain.evaluation.html import write_html
from tain.evaluation.schema import Report
from tain.recipes.report_card import measured_summary
from tain.recipes.rivals import POINTS

PROPERTIES = ("source", "domain", "generator", "language")


def write_files(
    report: Report, output: Path, *, detector: Detector, corpus: Corpus, verdicts: Sequence[Verdict]
) -> None:
    """Write `report.json`, `report.html`, `card.md` and `scores.parquet`, all or none.

    Args:
        report: Of the test.
        output: The folder, replaced if it exists.
        detector: That was measured.
        corpus: The test.
        verdicts: One per text.
    """
    settings = detector.settings.changed(summary=measured_summary(report))
    with whole_folder(output) as part:
        report.save(part / "report.json")
        write_html(report, part / "report.html", title=f"{detector.settings.about.name}: evaluation")
        card = render_card(settings, classifier=read_json(detector.reader.folder / CLASSIFIER))
        (part / "card.md").write_text(card, encoding="utf-8")
        _write_scores(part / "scores.parquet", detector, corpus, verdicts)


def _write_scores(path: Path, detector: Detector, corpus: Corpus, verdicts: Sequence[Verdict]) -> None:
    def column(name: str) -> list[str | None]:
        return [getattr(example, name) for example in corpus]

    frame = pl.DataFrame(
        {
            "id": column("id"),
            "label": column("label"),
            "score": [verdict.score for verdict in verdicts],
            "probability": [verdict.probability for verdict in verdicts],
            "verdict": [verdict.label for verdict in verdicts],
            "n_words": [verdict.n_words for verdict in verdicts],
            **{name: column(name) for name in ("group", *PROPERTIES)},
        },
        schema_overrides=dict.fromkeys(("group", *PROPERTIES), pl.String),
    )
    points = {point.target_fpr: point.threshold for point in detector.calibration.record.points}
    with whole_file(path) as part:
        frame.write_parquet(part, metadata={POINTS: json.dumps(points)})
