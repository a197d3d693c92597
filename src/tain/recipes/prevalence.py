"""How much of a corpus is AI: the flags of `tain score`, corrected by the error rates of a Report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isclose
from pathlib import Path

import numpy as np
import polars as pl

from tain.core.errors import ConfigError
from tain.evaluation.drift import Drift, drift_of
from tain.evaluation.parts import PointResult
from tain.evaluation.prevalence import Prevalence, prevalence
from tain.evaluation.schema import Report
from tain.evaluation.wording import target, warnings
from tain.recipes.likeness import drift_from_labelled
from tain.recipes.score_output import made_by_of
from tain.recipes.submission_values import Scored, read_scores

REPORT, SCORES = "report.json", "scores.parquet"
COLUMNS = ("label", "score", "n_words")


@dataclass(frozen=True, slots=True)
class CorpusPrevalence:
    """The share of AI texts in a corpus, and what it rests on.

    Attributes:
        found: The share with its interval and assumptions.
        target_fpr: That the threshold was set for.
        threshold: In units of the score; a text above it is called AI.
        n_too_short: Texts of the corpus without a score; they are in no number.
        drift: Whether the corpus is like the labelled texts of the Report; empty where those are not beside it.
        warnings: What to know before believing it.
    """

    found: Prevalence
    target_fpr: float
    threshold: float
    n_too_short: int
    drift: Drift
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """The fields by name, ready for JSON."""
        return asdict(self)


def estimate_prevalence(scores: Path, *, report: Path, target_fpr: float | None = None) -> CorpusPrevalence:
    """The share of AI texts among those that a detector scored.

    Args:
        scores: What `tain score` wrote for the corpus.
        report: `report.json` of the same detector on labelled texts like those of the corpus, or its folder.
        target_fpr: Of the operating point; None takes the Report's default.

    Raises:
        ConfigError: If the Report is of another detector, or has no such operating point.
        DataError: If a file cannot be used.
        MetricError: If the detector finds AI texts no more often than it flags human ones.
    """
    file = report / REPORT if report.is_dir() else report
    measured = Report.load(file)
    result = _point(measured, target_fpr, report)
    said = list(read_scores(scores))
    unsure = _same_detector(scores, measured, report)
    known = [row.score for row in said if row.score is not None]
    drift, uncompared = _drift(said, file.with_name(SCORES))
    found = prevalence(
        sum(score > result.point.threshold for score in known),
        len(known),
        false_positives=(result.rates.fpr.k, result.rates.fpr.n),
        true_positives=(result.rates.recall.k, result.rates.recall.n),
    )
    return CorpusPrevalence(
        found=found,
        target_fpr=result.point.target_fpr,
        threshold=result.point.threshold,
        n_too_short=len(said) - len(known),
        drift=drift,
        warnings=(
            *_doubts(found, said),
            *drift.warnings,
            *unsure,
            *uncompared,
            *(f"Of the Report: {line}" for line in warnings(measured)),
        ),
    )


def _drift(said: Sequence[Scored], labelled: Path) -> tuple[Drift, tuple[str, ...]]:
    if not labelled.is_file() or not {*COLUMNS} <= pl.read_parquet_schema(labelled).keys():
        return drift_of([]), (
            f"Whether the corpus is like the texts of the Report was not looked at: there is no {SCORES} of "
            "tain evaluate beside it.",
        )
    scored = [row for row in said if row.score is not None]
    lengths = np.array([row.n_words for row in scored if row.n_words is not None], dtype=np.float64)
    scores = np.array([row.score for row in scored], dtype=np.float64)
    return drift_from_labelled(scores, lengths, pl.read_parquet(labelled, columns=[*COLUMNS])), ()


def _point(measured: Report, target_fpr: float | None, path: Path) -> PointResult:
    stored = measured.operating_points
    fits = (each for each in stored if target_fpr is not None and isclose(each.point.target_fpr, target_fpr))
    found = measured.default_point if target_fpr is None else next(fits, None)
    if found is None:
        rates = ", ".join(f"{each.point.target_fpr:g}" for each in stored) or "none"
        asked = "default" if target_fpr is None else f"for --fpr {target_fpr:g}"
        raise ConfigError(f"{path} has no operating point {asked}. It has: {rates}.")
    return found


def _same_detector(scores: Path, measured: Report, report: Path) -> tuple[str, ...]:
    made_by, own = made_by_of(scores), measured.provenance.get("detector sha256")
    scored_with = (made_by or {}).get("model")
    if not (scored_with and own):
        return ("It is not known whether the scores and the Report are of one detector. If not, this means nothing.",)
    if scored_with != own:
        raise ConfigError(
            f"{scores} was scored by another detector ({str(scored_with)[:12]}) than {report} is of ({str(own)[:12]}). "
            "Error rates of one detector correct no other. Score with the detector of the Report."
        )
    return ()


def _doubts(found: Prevalence, said: list[Scored]) -> list[str]:
    odd = "than the error rates of the Report can give. The corpus is unlike the texts they were measured on"
    fewer = "fewer" if found.raw < 0 else "more"
    doubts = []
    if found.is_contradicted:
        doubts.append(
            f"There are {fewer} flags {odd}, beyond chance: neither the share nor the interval means anything."
        )
    elif found.is_clipped:
        doubts.append(f"There are {fewer} flags {odd}, or chance had its part; the share was cut to 0 to 100%.")
    if found.flagged.n < len(said):
        doubts.append(f"{len(said) - found.flagged.n:,} of {len(said):,} texts were too short, and are in no number.")
    return doubts


def sentence(measured: CorpusPrevalence) -> str:
    """The share in words, with its interval and counts.

    Args:
        measured: Of any corpus.
    """
    found = measured.found
    return (
        f"AI texts: {found.value:.1%} (95% interval {found.low:.1%} to {found.high:.1%}).\n"
        f"{found.flagged.k:,} of {found.flagged.n:,} texts are called AI at the operating point set for "
        f"{target(measured.target_fpr)} false positives. On labelled texts it called {found.fpr.k:,} of "
        f"{found.fpr.n:,} human texts and {found.tpr.k:,} of {found.tpr.n:,} AI texts AI."
    )
