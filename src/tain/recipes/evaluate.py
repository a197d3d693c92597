"""Evaluation: a Detector's answers on labelled texts that it never saw, as a Report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tain.core.example import Corpus
from tain.core.files import read_json, refuse_overwrite, whole_file, whole_folder
from tain.core.progress import progress
from tain.detector import Detector, Verdict
from tain.detector.card import render_card
from tain.detector.engines import CLASSIFIER
from tain.evaluation.bootstrap import N_DRAWS
from tain.evaluation.drift import Drift, drift_of, length_shift, n_same_scores, score_shift
from tain.evaluation.html import write_html
from tain.evaluation.properties import era_of, length_band, seen_generators, year_of
from tain.evaluation.report import evaluate_scores
from tain.evaluation.schema import Report
from tain.recipes.evaluation_card import measured_summary
from tain.recipes.provenance import provenance_of
from tain.recipes.rivals import POINTS, Against
from tain.recipes.worst_texts import worst_texts

PROPERTIES = ("source", "domain", "generator", "language")

Slices = Mapping[str, Sequence[str | None]]
Scores = NDArray[np.float64]


def evaluate(
    detector: Detector,
    corpus: Corpus,
    *,
    output: Path | None = None,
    files: Sequence[str | Path] = (),
    baselines: Mapping[str, NDArray[np.floating]] | None = None,
    against: Sequence[Against] = (),
    pools: str = "domain",
    more_slices: Slices | None = None,
    trained_on: Sequence[str] = (),
    has_texts: bool = True,
    force: bool = False,
    is_quiet: bool = False,
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> Report:
    """A Report on labelled texts, written to a folder when one is named.

    Args:
        detector: Its stored operating points are used; nothing is fitted here.
        corpus: With labels human and ai; groups are kept together in the bootstrap.
        output: Gets `report.json`, `report.html`, `scores.parquet` and `card.md`, all or none.
        files: What the corpus was read from; their hashes go into the Report.
        baselines: Scores of other detectors on the same texts, by name.
        against: Other detectors, with their operating points where they are known.
        pools: The field by which the false positive rates of human texts are split.
        more_slices: Further properties, one value per text.
        trained_on: Generators among the detector's training texts; none leaves the slice by them out.
        has_texts: The worst mistakes are kept in the Report with their text.
        force: Replace what is in the folder.
        is_quiet: No progress bar.
        n_draws: Of each bootstrap.
        seed: Of the bootstrap.

    Raises:
        MetricError: If the texts do not define a rate.
        ConfigError: If the folder is taken.
    """
    if output is not None:
        refuse_overwrite(output, force=force)
    verdicts = score_all(detector, corpus.texts, is_quiet=is_quiet)
    scores = scores_of(verdicts)
    rivals = [each.rival for each in against]
    missing = float("nan")
    report = evaluate_scores(
        scores,
        [example.label == "ai" for example in corpus],
        operating_points=detector.calibration.record.points,
        groups=[example.group or "" for example in corpus],
        slices=slices_of(corpus, verdicts, trained_on=trained_on) | dict(more_slices or {}),
        pools=[getattr(example, pools) for example in corpus],
        baseline_scores={**(baselines or {}), **{rival.name: rival.scores for rival in rivals}},
        baseline_thresholds={rival.name: rival.thresholds for rival in rivals},
        probabilities=[missing if v.probability is None else v.probability for v in verdicts],
        provenance=_provenance(detector, corpus, files, against),
        default_fpr=detector.settings.default_fpr,
        n_draws=n_draws,
        seed=seed,
    )
    worst = worst_texts(detector, corpus, scores, is_quiet=is_quiet) if has_texts else None
    report = report.model_copy(update={"drift": drift(detector, corpus, verdicts), "worst": worst})
    if output is not None:
        _write(report, output, detector, corpus, verdicts)
    return report


def score_all(detector: Detector, texts: Sequence[str], *, is_quiet: bool = False) -> list[Verdict]:
    """The verdicts on texts, with a progress bar."""
    with progress("scoring", len(texts), is_quiet=is_quiet) as advance:
        return detector.score(texts, advance=advance)


def scores_of(verdicts: Sequence[Verdict]) -> Scores:
    """The scores; NaN where the detector abstained. Shape (n_texts,)."""
    return np.array([np.nan if verdict.score is None else verdict.score for verdict in verdicts], dtype=np.float64)


def slices_of(
    corpus: Corpus, verdicts: Sequence[Verdict], *, trained_on: Sequence[str] = ()
) -> dict[str, Sequence[str | None]]:
    """The properties that tell texts of the corpus apart, with the value of each text.

    Args:
        corpus: Of any kind.
        verdicts: One per text, for their lengths.
        trained_on: Generators among the detector's training texts.
    """
    slices: dict[str, Sequence[str | None]] = {"length": [length_band(verdict.n_words) for verdict in verdicts]}
    dates, generators = [example.date for example in corpus], [example.generator for example in corpus]
    found: dict[str, Sequence[str | None]] = {
        **{name: [getattr(example, name) for example in corpus] for name in PROPERTIES},
        "year": [year_of(date) for date in dates],
        "era": [era_of(date) for date in dates],
        "generators of the training": seen_generators(generators, trained_on) if trained_on else [],
    }
    return slices | {name: values for name, values in found.items() if len(set(values)) > 1}


def drift(detector: Detector, corpus: Corpus, verdicts: Sequence[Verdict]) -> Drift:
    """Whether the texts are like those that the detector was calibrated with.

    Args:
        detector: Holds the scores of its calibration texts, and some quantiles of their lengths.
        corpus: With labels human and ai.
        verdicts: One per text.
    """
    calibration = detector.calibration
    words, n_human = calibration.record.words, calibration.record.n_human
    scored = [(e.label, v.score, v.n_words) for e, v in zip(corpus, verdicts, strict=True) if v.score is not None]
    human, ai = (np.array([score for kind, score, _ in scored if kind == label]) for label in ("human", "ai"))
    shifts = []
    if human.size:
        quantiles = {0.01: words.low, 0.5: words.median, 0.99: words.high}
        lengths = [n_words for kind, _, n_words in scored if kind == "human"]
        shifts.append(score_shift(human, calibration.human_scores))
        shifts.append(length_shift(lengths, quantiles, n_calibration=n_human))
    if ai.size and calibration.ai_scores.size:
        shifts.append(score_shift(ai, calibration.ai_scores, of="AI texts"))
    return drift_of(shifts, n_same=(n_same_scores(human, calibration.human_scores), human.size))


def _provenance(
    detector: Detector, corpus: Corpus, files: Sequence[str | Path], against: Sequence[Against]
) -> dict[str, object]:
    about = detector.settings.about
    others = {"other detectors": [dict(each.source) for each in against]} if against else {}
    return {
        "detector": about.name,
        "detector version": about.version,
        "detector sha256": detector.model.sha256,
        "texts": len(corpus),
        "texts sha256": corpus.sha256,
        **provenance_of(files),
        **others,
    }


def _write(report: Report, output: Path, detector: Detector, corpus: Corpus, verdicts: Sequence[Verdict]) -> None:
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
