"""From files and a model's folder to a Report: what `tain evaluate` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from tain.core.errors import ConfigError, DataError
from tain.core.example import DETECTION, Corpus, LabelSet
from tain.core.files import read_json, refuse_overwrite
from tain.corpora.labels import DETECTION_MAP, LabelMap
from tain.detector import Detector
from tain.detector.engines import CLASSIFIER
from tain.detector.folder import classifier_files, find_classifier, hashes, seal_of
from tain.evaluation.bundle import Bundle
from tain.evaluation.openings import Opening, open_bundle
from tain.evaluation.parts import SeenTexts
from tain.evaluation.schema import ClassReport, Report
from tain.recipes.evaluate import Notes, UnderAttack, evaluate, score_all, scores_of
from tain.recipes.evaluate_classes import evaluate_classes
from tain.recipes.evaluate_settings import EvaluateSettings
from tain.recipes.evaluation_set import EvaluationSet, read_labelled, read_set
from tain.recipes.other_detectors import score_others
from tain.recipes.provenance import commit
from tain.recipes.rivals import Against, named_apart, read_against
from tain.recipes.seen_texts import find_seen
from tain.recipes.under_attack import Attacker, rows_as_they_came

Tell = Callable[[str], None]


def evaluate_files(
    data: Sequence[str],
    *,
    model: Path | None,
    output: Path,
    settings: EvaluateSettings,
    tell: Tell = lambda line: None,
) -> Report | ClassReport:
    """The Report of a model on labelled files or on a bundle, written to a folder.

    Args:
        data: Files, folders and Hub ids, or the folder of a bundle, whose protocol then holds.
        model: Folder of a detector, or of a Classifier with other labels; None means the detector that ships.
        output: Folder for the Report.
        settings: How.
        tell: Told what a reader should know before the numbers, a line at a time.

    Raises:
        ConfigError: If a setting does not fit the data or the model.
        DataError: If a file cannot be used, or the detector has seen every text.
        DetectorError: If there is no such model.
        MetricError: If the texts do not define a rate.
    """
    refuse_overwrite(output, force=settings.force)
    labels = _labels_of(model)
    if labels != DETECTION:
        assert model is not None, "the detector that ships knows human and ai"
        return _classes(data, model, labels, output, settings, tell)
    detector = Detector.load(model)
    test = read_set(data, settings, DETECTION_MAP)
    seen, test = _apart(detector, test, settings)
    attacks, tried = _attacks(detector, test, settings)
    opening = _opened(test.bundle, detector.model.sha256, detector.settings.about.name, tell)
    against = _against(settings, test.corpus, tell)
    if test.bundle:
        _enter(test.bundle, against)
    return evaluate(
        detector,
        test.corpus,
        output=output,
        files=test.files,
        against=against + _others(detector, settings, test.corpus, tell),
        votes=settings.votes,
        protocol=test.bundle.protocol if test.bundle else None,
        pools=settings.pools,
        more_slices=test.properties,
        trained_on=settings.trained_on,
        under_attack=attacks,
        notes=_notes(seen, test, opening, tried),
        has_texts=settings.has_texts,
        force=settings.force,
        is_quiet=settings.is_quiet,
        n_draws=settings.n_draws,
        seed=settings.seed,
    )


def _apart(detector: Detector, test: EvaluationSet, settings: EvaluateSettings) -> tuple[SeenTexts, EvaluationSet]:
    seen, flags = find_seen(detector, test.corpus, is_kept=settings.keeps_seen, is_quiet=settings.is_quiet)
    if settings.keeps_seen or not seen.n_seen:
        return seen, test
    if all(flags):
        raise DataError(
            f"All {seen.n:,} texts were used to make this detector, and can show nothing of others. Give other texts, "
            "or measure how well it remembers with --keep-seen."
        )
    return seen, test.select([not flag for flag in flags])


def _attacks(
    detector: Detector, test: EvaluationSet, settings: EvaluateSettings
) -> tuple[UnderAttack | None, dict[str, object]]:
    if not settings.attacks:
        return (partial(rows_as_they_came, test.corpus, test.attacks) if test.attacks else None), {}
    if test.attacks:
        raise ConfigError(
            f"--attacks is given, but texts of the data are attacked already ({', '.join(sorted(set(test.attacks)))}). "
            "Leave it out for a table of these attacks, or give unattacked texts."
        )
    attacker = Attacker(detector, test.corpus, settings.attacks, is_quiet=settings.is_quiet)
    return attacker, dict(attacker.provenance)


def _notes(seen: SeenTexts, test: EvaluationSet, opening: Opening | None, tried: dict[str, object]) -> Notes:
    left_out = tuple(f"Left out: {n:,} {reason}." for reason, n in test.left_out.items())
    reopened = (opening.warning,) if opening and opening.warning else ()
    provenance = {**(opening.provenance if opening else {}), **tried}
    return Notes(seen, dict(test.left_out), (*reopened, *left_out), provenance)


def _opened(bundle: Bundle | None, sha256: str, name: str, tell: Tell) -> Opening | None:
    if bundle is None:
        return None
    opening = open_bundle(bundle, detector_sha256=sha256, run_name=name, commit=commit())
    tell(f"{opening.bundle}: {opening.sentence}.")
    return opening


def _enter(bundle: Bundle, against: Sequence[Against]) -> None:
    # Another detector that is scored here has seen the bundle as much as the one that is measured.
    for source in (each.source for each in against if "detector" in each.source):
        open_bundle(bundle, detector_sha256=str(source["sha256"]), run_name=str(source["name"]), commit=commit())


def _labels_of(model: Path | None) -> LabelSet:
    folder = find_classifier(model) if model else None
    return LabelSet(tuple(read_json(folder / CLASSIFIER)["labels"])) if folder else DETECTION


def _classes(
    data: Sequence[str], model: Path, labels: LabelSet, output: Path, settings: EvaluateSettings, tell: Tell
) -> ClassReport:
    given = {
        "--against": settings.against,
        "--slice": settings.slices,
        "--trained-on": settings.trained_on,
        "--baseline or --zero-shot": settings.others,
        "--vote": settings.votes.of,
        "--attacks": settings.attacks,
        "--keep-seen": settings.keeps_seen,
    }
    for flag in (flag for flag, value in given.items() if value):
        raise ConfigError(
            f"{model} has the labels {', '.join(labels.names)}; {flag} is for detectors, whose labels are human and "
            "ai. Leave it out."
        )
    test = read_set(data, settings, LabelMap(labels))
    protocol = test.bundle.protocol if test.bundle else settings
    folder = find_classifier(model)
    assert folder is not None, "its labels were read"
    opening = _opened(test.bundle, seal_of(hashes(folder, classifier_files(folder))), model.name, tell)
    return evaluate_classes(
        model,
        test.corpus,
        output=output,
        files=test.files,
        notes=opening.provenance if opening else {},
        force=settings.force,
        is_quiet=settings.is_quiet,
        n_draws=protocol.n_draws,
        seed=protocol.seed,
    )


def _against(settings: EvaluateSettings, corpus: Corpus, tell: Tell) -> list[Against]:
    def score(detector: Detector, texts: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return scores_of(score_all(detector, texts, is_quiet=settings.is_quiet))

    found = named_apart([read_against(path, corpus, score=score) for path in settings.against])
    for against in found:
        if against.n_missing:
            tell(
                f"{against.rival.name} has no row for {against.n_missing:,} of {len(corpus):,} texts, such as "
                f"{', '.join(against.missing)}; it is compared on the others."
            )
    return found


def _others(detector: Detector, settings: EvaluateSettings, corpus: Corpus, tell: Tell) -> list[Against]:
    def read(files: tuple[str, ...]) -> Corpus:
        return read_labelled(files, replace(settings, set_aside=None), DETECTION_MAP)

    targets = [point.target_fpr for point in detector.calibration.record.points]
    return score_others(
        settings.others,
        corpus,
        read=read,
        target_fprs=targets,
        seed=settings.seed,
        is_quiet=settings.is_quiet,
        tell=tell,
    )
