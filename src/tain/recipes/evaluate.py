"""Evaluation: a Detector's answers on labelled texts that it never saw, as a Report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tain.core.example import Corpus
from tain.core.files import refuse_overwrite
from tain.core.progress import progress
from tain.detector import Detector, Verdict
from tain.evaluation.attacked_rows import AttackRow
from tain.evaluation.bootstrap import N_DRAWS
from tain.evaluation.parts import SeenTexts
from tain.evaluation.properties import era_of, length_band, seen_generators, year_of
from tain.evaluation.protocol import Protocol
from tain.evaluation.report import evaluate_scores
from tain.evaluation.schema import Report
from tain.evaluation.thresholds import OperatingPoint
from tain.recipes.evaluation_rules import chosen_slices, missing_points, own_rules, points_of
from tain.recipes.likeness import drift
from tain.recipes.provenance import provenance_of
from tain.recipes.report_files import PROPERTIES, write_files
from tain.recipes.rivals import Against
from tain.recipes.seen_texts import find_seen
from tain.recipes.votes import Votes, count_votes
from tain.recipes.worst_texts import worst_texts

Slices = Mapping[str, Sequence[str | None]]
Scores = NDArray[np.float64]
UnderAttack = Callable[[Scores, Sequence[OperatingPoint]], tuple[AttackRow, ...]]
"""From the scores of the texts and the operating points to a row for each attack."""


@dataclass(frozen=True, slots=True)
class Notes:
    """What a Report says besides its numbers.

    Attributes:
        seen: Texts that the detector was made from; None looks for them.
        left_out: Other texts that are not in the corpus, by reason.
        warnings: What else to know before the numbers.
        provenance: Further lines for where it comes from.
    """

    seen: SeenTexts | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    provenance: Mapping[str, object] = field(default_factory=dict)


def evaluate(
    detector: Detector,
    corpus: Corpus,
    *,
    output: Path | None = None,
    files: Sequence[str | Path] = (),
    baselines: Mapping[str, NDArray[np.floating]] | None = None,
    against: Sequence[Against] = (),
    votes: Votes | None = None,
    protocol: Protocol | None = None,
    pools: str = "domain",
    more_slices: Slices | None = None,
    trained_on: Sequence[str] = (),
    under_attack: UnderAttack | None = None,
    notes: Notes | None = None,
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
        votes: Majority votes of these and of the detector, at the default operating point.
        protocol: Of the bundle that the corpus is; it settles operating points, slices, pools, draws and seed.
        pools: The field by which the false positive rates of human texts are split.
        more_slices: Further properties, one value per text.
        trained_on: Generators among the detector's training texts; none leaves the slice by them out.
        under_attack: Gives the rows of attacks; None where none is tried.
        notes: What the Report says besides its numbers; None looks only for texts that the detector was made from.
        has_texts: The worst mistakes are kept in the Report with their text.
        force: Replace what is in the folder.
        is_quiet: No progress bar.
        n_draws: Of each bootstrap.
        seed: Of the bootstrap.

    Raises:
        MetricError: If the texts do not define a rate.
        ConfigError: If the folder is taken, the detector stores no operating point that the protocol names, or one who
            shall vote has no threshold.
    """
    if output is not None:
        refuse_overwrite(output, force=force)
    rules = protocol or own_rules(detector, pools=pools, n_draws=n_draws, seed=seed)
    points, notes = points_of(detector, rules), notes or Notes()
    verdicts = score_all(detector, corpus.texts, is_quiet=is_quiet)
    scores = scores_of(verdicts)
    default = min(points, key=lambda point: abs(point.target_fpr - rules.default_fpr))
    against = [*against, *count_votes(votes or Votes(), scores, against, point=default)]
    rivals = [each.rival for each in against]
    missing = float("nan")
    report = evaluate_scores(
        scores,
        [example.label == "ai" for example in corpus],
        operating_points=points,
        groups=[example.group or "" for example in corpus],
        slices=chosen_slices(slices_of(corpus, verdicts, trained_on=trained_on), rules) | dict(more_slices or {}),
        pools=[getattr(example, rules.pools) for example in corpus],
        baseline_scores={**(baselines or {}), **{rival.name: rival.scores for rival in rivals}},
        baseline_thresholds={rival.name: rival.thresholds for rival in rivals},
        probabilities=[missing if v.probability is None else v.probability for v in verdicts],
        provenance={**_provenance(detector, corpus, files, against), **notes.provenance},
        default_fpr=rules.default_fpr,
        n_draws=rules.n_draws,
        seed=rules.seed,
    )
    target = report.default_point.point.target_fpr if report.default_point else None
    found = {
        "drift": drift(detector, corpus, verdicts),
        "attacks": under_attack(scores, points) if under_attack else (),
        "worst": worst_texts(detector, corpus, scores, target_fpr=target, is_quiet=is_quiet) if has_texts else None,
    }
    seen = notes.seen or find_seen(detector, corpus, is_kept=True, is_quiet=is_quiet)[0]
    report = report.model_copy(update={**found, **_said(notes, seen, missing_points(rules, points))})
    if output is not None:
        write_files(report, output, detector=detector, corpus=corpus, verdicts=verdicts)
    return report


def _said(notes: Notes, seen: SeenTexts, missing: Sequence[str]) -> dict[str, object]:
    first = (seen.warning,) if seen.warning else ()
    return {"seen": seen, "left_out": dict(notes.left_out), "warnings": (*first, *notes.warnings, *missing)}


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
