"""Evaluation: a Detector's answers on labelled texts that it never saw, as a Report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tain.core.example import Corpus
from tain.core.files import refuse_overwrite
from tain.core.progress import progress
from tain.detector import Detector, Verdict
from tain.evaluation.bootstrap import N_DRAWS
from tain.evaluation.properties import era_of, length_band, seen_generators, year_of
from tain.evaluation.report import evaluate_scores
from tain.evaluation.schema import Report
from tain.recipes.likeness import drift, known_texts
from tain.recipes.provenance import provenance_of
from tain.recipes.report_files import PROPERTIES, write_files
from tain.recipes.rivals import Against
from tain.recipes.worst_texts import worst_texts

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
    likeness = {"drift": drift(detector, corpus, verdicts), "warnings": known_texts(detector, corpus)}
    report = report.model_copy(update={**likeness, "worst": worst})
    if output is not None:
        write_files(report, output, detector=detector, corpus=corpus, verdicts=verdicts)
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
