"""Operating points from texts of one's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tain.core.errors import ConfigError, DataError, DetectorError
from tain.core.example import LabelSet
from tain.core.files import refuse_overwrite
from tain.core.progress import progress
from tain.corpora.columns import ColumnMap
from tain.corpora.labels import DETECTION_MAP, LabelMap
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
    tell: Callable[[str], None] | None = None,
) -> Detector:
    """The detector with thresholds for these texts, saved.

    Args:
        model: Detector folder, or a Classifier that has no operating points yet; None means the one that ships.
        human: Files of texts by people that trained nothing. Of files with a label column only the rows labelled human
            count, of others every row.
        ai: Files of texts by language models, read likewise; without them probabilities stay as they were.
        target_fpr: Becomes the default operating point.
        output: Where the new detector goes; None takes the `detector` inside a Run that has none yet, and a sibling of
            any other model: DIR-calibrated.
        columns: Which columns hold what.
        about: For the card of a detector made from a Classifier.
        force: Replace what is there.
        is_quiet: No progress bars.
        tell: Told which rows were left out for their label.

    Raises:
        ConfigError: If there are too few human texts for the target, or no place for the result.
        DataError: If the texts cannot be read, or none of them has the label asked for.
        DetectorError: If there is no such model.
    """
    classifier = _bare_classifier(model)
    target = _target(model, output, is_bare=classifier is not None, force=force)
    human_texts = _texts(human, columns, label="human", tell=tell, is_quiet=is_quiet)
    ai_texts = _texts(ai, columns, label="ai", tell=tell, is_quiet=is_quiet) if ai else []
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


class _AnyLabel(LabelMap):
    """Knows every raw label, because a row that is not what was asked for is left out whatever it is."""

    def known(self, raw: str) -> bool:
        return True

    def label(self, raw: str) -> str | None:
        return DETECTION_MAP.label(raw) if DETECTION_MAP.known(raw) else _OTHER


_OTHER = "other"
_ANY_LABEL = _AnyLabel(LabelSet((*DETECTION_MAP.labels.names, _OTHER)))


def _texts(
    paths: Sequence[str],
    columns: ColumnMap | None,
    *,
    label: str,
    tell: Callable[[str], None] | None,
    is_quiet: bool,
) -> list[str]:
    texts: list[str] = []
    others: Counter[str] = Counter()
    for example in read_examples(paths, columns=columns, labels=_ANY_LABEL, default_label=label, is_quiet=is_quiet):
        if example.label == label:
            texts.append(example.text)
        else:
            others[str(example.label)] += 1
    found = ", ".join(f"{n:,} {name}" for name, n in others.items())
    if not texts:
        raise DataError(
            f"--{label} {', '.join(paths)}: no row is labelled {label} ({found}). Give other files, or remove the "
            f"label column if every row is {label}."
        )
    if others and tell is not None:
        n_rows = len(texts) + others.total()
        tell(f"--{label}: {others.total():,} of {n_rows:,} rows are not labelled {label} and were left out ({found}).")
    return texts
