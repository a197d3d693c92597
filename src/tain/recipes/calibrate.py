"""Operating points from texts of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tain.core.errors import ConfigError, DetectorError
from tain.core.files import refuse_overwrite
from tain.core.progress import progress
from tain.corpora.columns import ColumnMap
from tain.corpora.reading import read_examples
from tain.detector import Detector
from tain.detector.calibration import require_support
from tain.detector.folder import RUN_DETECTOR, RUN_MODEL, find_classifier, find_detector
from tain.detector.settings import About


def calibrate(
    *,
    model: Path | None,
    human: Sequence[str],
    ai: Sequence[str] = (),
    target_fpr: float,
    output: Path | None,
    columns: ColumnMap | None = None,
    about: About | None = None,
    force: bool = False,
    is_quiet: bool = False,
) -> Detector:
    """The detector with thresholds for these texts, saved.

    Args:
        model: Detector folder, or a Classifier that has no operating points yet; None means the one that ships.
        human: Files of texts by people that trained nothing. Every row is taken to be human.
        ai: Files of texts by language models; without them probabilities stay as they were.
        target_fpr: Becomes the default operating point.
        output: Where the new detector goes; None takes the `detector` inside a Run that has none yet, and a sibling of
            any other model: DIR-calibrated.
        columns: Which columns hold what.
        about: For the card of a detector made from a Classifier.
        force: Replace what is there.
        is_quiet: No progress bars.

    Raises:
        ConfigError: If there are too few human texts for the target, or no place for the result.
        DataError: If the texts cannot be read.
        DetectorError: If there is no such model.
    """
    classifier = _bare_classifier(model)
    target = _target(model, output, is_bare=classifier is not None, force=force)
    human_texts, ai_texts = _texts(human, columns), _texts(ai, columns)
    # Said before an hour of scoring; texts that are too short may still make it fall short afterwards.
    require_support(len(human_texts), target_fpr)
    with progress("Scoring texts", len(human_texts) + len(ai_texts), is_quiet=is_quiet) as advance:
        if classifier is None:
            made = Detector.load(model).calibrate(human_texts, ai=ai_texts, target_fpr=target_fpr, advance=advance)
        else:
            made = Detector.build(
                classifier, human=human_texts, ai=ai_texts, about=about, default_fpr=target_fpr, advance=advance
            )
            require_support(made.calibration.record.n_human, target_fpr)
    return made.save(target)


def _bare_classifier(model: Path | None) -> Path | None:
    if model is None:
        return None
    try:
        find_detector(model)
    except DetectorError:
        if (found := find_classifier(model)) is not None:
            return found
        raise
    return None


def _target(model: Path | None, output: Path | None, *, is_bare: bool, force: bool) -> Path:
    if output is None and model is None:
        raise ConfigError("The detector that ships with tain is not changed. Say where the new one goes: --output DIR.")
    target = output if output is not None else _default_target(Path(str(model)).resolve(), is_bare=is_bare)
    refuse_overwrite(target, force=force)
    return target


def _default_target(model: Path, *, is_bare: bool) -> Path:
    if is_bare:
        run = model.parent if model.name == RUN_MODEL else model
        if (run / RUN_MODEL).is_dir():
            return run / RUN_DETECTOR
    return model.with_name(f"{model.name}-calibrated")


def _texts(paths: Sequence[str], columns: ColumnMap | None) -> list[str]:
    return [example.text for example in read_examples(paths, columns=columns, labels=None)] if paths else []
