"""From files and a model's folder to a Report: what `tain evaluate` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from tain.core.errors import ConfigError
from tain.core.example import DETECTION, Corpus, LabelSet
from tain.core.files import read_json
from tain.corpora.columns import ColumnMap
from tain.corpora.labels import DETECTION_MAP, LabelMap, parse_label_map
from tain.corpora.reading import read_corpus
from tain.detector import Detector
from tain.detector.engines import CLASSIFIER
from tain.detector.folder import find_classifier
from tain.evaluation.bootstrap import N_DRAWS
from tain.evaluation.schema import ClassReport, Report
from tain.recipes.evaluate import evaluate, score_all, scores_of
from tain.recipes.evaluate_classes import evaluate_classes
from tain.recipes.other_detectors import OtherDetectors, score_others
from tain.recipes.rivals import Against, named_apart, read_against
from tain.recipes.slice_columns import extra_slices

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """How texts are read, and what the Report holds.

    Attributes:
        columns: Which columns hold what; None looks for the usual names.
        label_map: raw=label pairs.
        against: Files of scores and detector folders to compare with.
        others: Classical detectors and zero-shot scores to compare with.
        slices: Further columns to cut the results by.
        trained_on: Generators among the detector's training texts.
        pools: Field that splits the human texts.
        set_aside: File for rows that cannot be used; None stops at them.
        has_texts: The worst mistakes are kept with their text.
        n_draws: Of each bootstrap.
        seed: Of the bootstrap.
        force: Replace what is in the output folder.
        is_quiet: No progress bars.
    """

    columns: ColumnMap = field(default_factory=ColumnMap)
    label_map: tuple[str, ...] = ()
    against: tuple[Path, ...] = ()
    others: OtherDetectors = field(default_factory=OtherDetectors)
    slices: tuple[str, ...] = ()
    trained_on: tuple[str, ...] = ()
    pools: str = "domain"
    set_aside: Path | None = None
    has_texts: bool = True
    n_draws: int = N_DRAWS
    seed: int = 0
    force: bool = False
    is_quiet: bool = False


def evaluate_files(
    data: Sequence[str],
    *,
    model: Path | None,
    output: Path,
    settings: EvaluateSettings,
    tell: Tell = lambda line: None,
) -> Report | ClassReport:
    """The Report of a model on labelled files, written to a folder.

    Args:
        data: Files, folders and Hub ids.
        model: Folder of a detector, or of a Classifier with other labels; None means the detector that ships.
        output: Folder for the Report.
        settings: How.
        tell: Told what a reader should know before the numbers, a line at a time.

    Raises:
        ConfigError: If a setting does not fit the data or the model.
        DataError: If a file cannot be used.
        DetectorError: If there is no such model.
        MetricError: If the texts do not define a rate.
    """
    labels = _labels_of(model)
    if labels != DETECTION:
        assert model is not None, "the detector that ships knows human and ai"
        return _classes(data, model, labels, output, settings)
    detector = Detector.load(model)
    corpus = _read(data, settings, DETECTION_MAP)
    more = extra_slices(data, corpus, columns=settings.columns, names=settings.slices)
    return evaluate(
        detector,
        corpus,
        output=output,
        files=data,
        against=_against(settings, corpus, tell) + _others(settings, corpus, tell),
        pools=settings.pools,
        more_slices=more,
        trained_on=settings.trained_on,
        has_texts=settings.has_texts,
        force=settings.force,
        is_quiet=settings.is_quiet,
        n_draws=settings.n_draws,
        seed=settings.seed,
    )


def _labels_of(model: Path | None) -> LabelSet:
    folder = find_classifier(model) if model else None
    return LabelSet(tuple(read_json(folder / CLASSIFIER)["labels"])) if folder else DETECTION


def _classes(
    data: Sequence[str], model: Path, labels: LabelSet, output: Path, settings: EvaluateSettings
) -> ClassReport:
    given = {
        "--against": settings.against,
        "--slice": settings.slices,
        "--trained-on": settings.trained_on,
        "--baseline or --zero-shot": settings.others,
    }
    for flag in (flag for flag, value in given.items() if value):
        raise ConfigError(
            f"{model} has the labels {', '.join(labels.names)}; {flag} is for detectors, whose labels are human and "
            "ai. Leave it out."
        )
    corpus = _read(data, settings, LabelMap(labels))
    return evaluate_classes(
        model,
        corpus,
        output=output,
        files=data,
        force=settings.force,
        is_quiet=settings.is_quiet,
        n_draws=settings.n_draws,
        seed=settings.seed,
    )


def _read(data: Sequence[str], settings: EvaluateSettings, labels: LabelMap) -> Corpus:
    wanted = parse_label_map(settings.label_map, base=labels) if settings.label_map else labels
    if wanted.labels != labels.labels:
        raise ConfigError(
            f"--label-map leads to {', '.join(wanted.labels.names)}, but the model knows "
            f"{', '.join(labels.labels.names)}. Map every raw label to one of those, or to nothing."
        )
    return read_corpus(
        data,
        columns=settings.columns,
        labels=wanted,
        on_bad="stop" if settings.set_aside is None else "set_aside",
        set_aside=settings.set_aside,
        is_quiet=settings.is_quiet,
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


def _others(settings: EvaluateSettings, corpus: Corpus, tell: Tell) -> list[Against]:
    def read(files: tuple[str, ...]) -> Corpus:
        return _read(files, replace(settings, set_aside=None), DETECTION_MAP)

    return score_others(settings.others, corpus, read=read, seed=settings.seed, is_quiet=settings.is_quiet, tell=tell)
