"""Evaluation: a Detector's answers on labelled texts that it never saw, as a Report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tain.core.example import Corpus
from tain.core.files import refuse_overwrite, whole_file, whole_folder
from tain.core.progress import progress
from tain.core.version import VERSION
from tain.detector import Detector, Verdict
from tain.evaluation.html import write_html
from tain.evaluation.report import evaluate_scores
from tain.evaluation.schema import Report
from tain.evaluation.properties import length_band

PROPERTIES = ("source", "domain", "generator", "language")


def evaluate(
    detector: Detector,
    corpus: Corpus,
    *,
    output: Path | None = None,
    baselines: Mapping[str, NDArray[np.floating]] | None = None,
    pools: str = "domain",
    force: bool = False,
    is_quiet: bool = False,
    seed: int = 0,
) -> Report:
    """A Report on labelled texts, written to a folder when one is named.

    Args:
        detector: Its stored operating points are used; nothing is fitted here.
        corpus: With labels human and ai; groups are kept together in the bootstrap.
        output: Gets `report.json`, `report.html` and `scores.parquet`, all or none.
        baselines: Scores of other detectors on the same texts, by name.
        pools: The field by which the false positive rates of human texts are split.
        force: Replace what is in the folder.
        is_quiet: No progress bar.
        seed: Of the bootstrap.

    Raises:
        MetricError: If the texts do not define a rate.
        ConfigError: If the folder is taken.
    """
    if output is not None:
        refuse_overwrite(output, force=force)
    verdicts = score_all(detector, corpus.texts, is_quiet=is_quiet)
    report = _report(detector, corpus, verdicts, baselines=baselines or {}, pools=pools, seed=seed)
    if output is not None:
        with whole_folder(output) as part:
            report.save(part / "report.json")
            write_html(report, part / "report.html", title=f"{detector.settings.about.name}: evaluation")
            _write_scores(part / "scores.parquet", corpus, verdicts)
    return report


def score_all(detector: Detector, texts: Sequence[str], *, is_quiet: bool = False) -> list[Verdict]:
    """The verdicts on texts, with a progress bar."""
    with progress("scoring", len(texts), is_quiet=is_quiet) as advance:
        return detector.score(texts, advance=advance)


def scores_of(verdicts: Sequence[Verdict]) -> NDArray[np.float64]:
    """The scores; NaN where the detector abstained. Shape (n_texts,)."""
    return np.array([np.nan if verdict.score is None else verdict.score for verdict in verdicts], dtype=np.float64)


def _report(
    detector: Detector,
    corpus: Corpus,
    verdicts: Sequence[Verdict],
    *,
    baselines: Mapping[str, NDArray[np.floating]],
    pools: str,
    seed: int,
) -> Report:
    slices: dict[str, list[str | None]] = {"length": [length_band(verdict.n_words) for verdict in verdicts]}
    for name in PROPERTIES:
        values = [getattr(example, name) for example in corpus]
        if len(set(values)) > 1:
            slices[name] = values
    missing = float("nan")
    return evaluate_scores(
        scores_of(verdicts),
        [example.label == "ai" for example in corpus],
        operating_points=detector.calibration.record.points,
        groups=[example.group or "" for example in corpus],
        slices=slices,
        pools=[getattr(example, pools) for example in corpus],
        baseline_scores=baselines,
        probabilities=[missing if v.probability is None else v.probability for v in verdicts],
        provenance=_provenance(detector, corpus),
        default_fpr=detector.settings.default_fpr,
        seed=seed,
    )


def _provenance(detector: Detector, corpus: Corpus) -> dict[str, str | int]:
    return {
        "detector": detector.settings.about.name,
        "detector version": detector.settings.about.version,
        "tain": VERSION,
        "texts": len(corpus),
        "texts sha256": corpus.sha256,
    }


def _write_scores(path: Path, corpus: Corpus, verdicts: Sequence[Verdict]) -> None:
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
    with whole_file(path) as part:
        frame.write_parquet(part)
