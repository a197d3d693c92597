"""The detector folder: found, checked against its hashes, read and written."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from pydantic import ValidationError
from safetensors.numpy import save_file

from tain.core.errors import DataError, DetectorError
from tain.core.files import read_json, sha256_of, whole_folder, write_json
from tain.detector.arrays import read_arrays
from tain.detector.calibration import Calibration
from tain.detector.engines import CLASSIFIER
from tain.detector.seen import SEEN, Seen, write_seen
from tain.detector.settings import FORMAT, Settings

DETECTOR, SCORES, CARD, REPORT = "detector.json", "calibration.safetensors", "README.md", "report.json"
RUN_MODEL, RUN_DETECTOR = "model", "detector"  # inside a Run
SHIPPED = Path(__file__).parent / "shipped"
_OURS = {DETECTOR, SCORES, CARD, REPORT, SEEN}
# Only these are copied into a detector; code and pickles never are.
_WANTED = {".json", ".safetensors", ".txt", ".model", ".jinja"}
# Results that people keep beside a model, and that nothing loads. Any other file that was not saved with it is refused.
_HARMLESS = {".html", ".md", ".parquet", ".csv", ".jsonl", ".png", ".svg", ".log"}


def find_detector(path: str | Path | None) -> Path:
    """The folder of a detector: the one that ships with tain, a detector folder, or that of a Run.

    Args:
        path: A detector folder, a Run, or the model in a Run; None means the one that ships.

    Raises:
        DetectorError: If there is none.
    """
    if path is None:
        if not (SHIPPED / DETECTOR).is_file():
            raise DetectorError(
                "This installation of tain carries no detector. Name one with --model DIR, or make one: tain train."
            )
        return SHIPPED
    folder = Path(path)
    beside = [folder.parent / RUN_DETECTOR] if folder.name == RUN_MODEL else []
    for candidate in (folder, folder / RUN_DETECTOR, *beside):
        if (candidate / DETECTOR).is_file():
            return candidate
    raise DetectorError(_why_not(folder))


def find_classifier(path: str | Path) -> Path | None:
    """The Classifier folder that a path names, itself or as the `model` inside a Run; None if there is none."""
    folder = Path(path)
    # A detector that lost its settings is damaged, and no Classifier to start from.
    candidates = (each for each in (folder, folder / RUN_MODEL) if not (each / SCORES).is_file())
    return next((each for each in candidates if (each / CLASSIFIER).is_file()), None)


def _why_not(folder: Path) -> str:
    if not folder.exists():
        return f"{folder}: there is no such folder. Expected a detector's, with {DETECTOR} in it."
    if not folder.is_dir():
        return f"{folder}: is a file, not a folder. Expected a detector's folder, with {DETECTOR} in it."
    if (classifier := find_classifier(folder)) is not None:
        return (
            f"{folder}: the model in it has no operating points yet. Calibrate it with texts by people: "
            f"tain calibrate --model {classifier} --human FILE"
        )
    return f"{folder} is no detector: {DETECTOR} is missing. Give the folder that `tain calibrate` wrote."


def read_settings(folder: Path) -> Settings:
    """What a detector folder says about itself, after every file was checked against its hash.

    Raises:
        DetectorError: If a file was changed, is missing or does not belong there, or the settings are not sound.
    """
    file = folder / DETECTOR
    try:
        value = read_json(file)
    except DataError as error:
        raise DetectorError(str(error)) from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        found = value.get("format") if isinstance(value, dict) else type(value).__name__
        raise DetectorError(f"{file}: has format {found!r}, expected {FORMAT}. A newer tain may be needed.")
    try:
        settings = Settings.model_validate(value)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"])) or "the whole"
        raise DetectorError(
            f"{file}: {where} is not sound ({problem['msg']}). Calibrate the detector again."
        ) from error
    _check_files(folder, settings.files)
    if settings.seal != seal_of(value):
        raise DetectorError(
            f"{folder}: not as it was saved: {DETECTOR} was changed. Copy the folder again from where it came from; "
            "thresholds are set with tain calibrate."
        )
    return settings


def _check_files(folder: Path, expected: dict[str, str]) -> None:
    problems = []
    for name, sha256 in sorted(expected.items()):
        file = folder / name
        if not file.is_file():
            problems.append(f"{name} is missing")
        elif (found := sha256_of(file)) != sha256:
            problems.append(f"{name} was changed (sha256 {found[:12]}…, expected {sha256[:12]}…)")
    known = {DETECTOR, *expected}
    problems += [f"{name} does not belong there" for name in _others(folder) if name not in known]
    problems += [f"{name} is not vouched for by {DETECTOR}" for name in (CLASSIFIER, SCORES) if name not in expected]
    if problems:
        raise DetectorError(
            f"{folder}: not as it was saved: {'; '.join(problems)}. Copy the folder again from where it came from."
        )


def _others(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() not in _HARMLESS)
    names = (path.relative_to(folder).as_posix() for path in files)
    return sorted(name for name in names if not any(part.startswith((".", "__pycache__")) for part in name.split("/")))


def read_calibration(folder: Path, settings: Settings) -> Calibration:
    """The calibration of a detector folder.

    Raises:
        DetectorError: If the scores cannot be read or are not those that the settings speak of.
    """
    file = folder / SCORES
    scores = read_arrays(file)
    record = settings.calibration
    empty = np.empty(0, dtype=np.float32)
    human, ai = scores.get("human_scores", empty), scores.get("ai_scores", empty)
    if len(human) != record.n_human or len(ai) != record.n_ai:
        raise DetectorError(
            f"{file}: holds {len(human):,} human and {len(ai):,} AI scores, but {DETECTOR} speaks of "
            f"{record.n_human:,} and {record.n_ai:,}. Calibrate the detector again."
        )
    return Calibration(record, human, ai)


def classifier_files(folder: Path) -> list[str]:
    """Names of the files in a folder that make up its Classifier.

    Raises:
        DetectorError: If there are pickles or code among them.
    """
    names = [name for name in _others(folder) if name not in _OURS]
    odd = [name for name in names if Path(name).suffix.lower() not in _WANTED or "/" in name]
    if odd:
        raise DetectorError(
            f"{folder}: {', '.join(odd)} cannot be part of a detector. Expected only files ending in "
            f"{', '.join(sorted(_WANTED))}; weights as safetensors."
        )
    return names


def hashes(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """The sha256 of each named file."""
    return {name: sha256_of(folder / name) for name in names}


def seal_of(settings: Mapping[str, object]) -> str:
    """The sha256 of what `detector.json` holds, its seal aside, so that a change by hand is noticed.

    Args:
        settings: JSON value, as it is written: fields that a later tain adds do not break the seal.
    """
    value = {name: part for name, part in settings.items() if name != "seal"}
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def write_folder(
    path: Path,
    *,
    source: Path,
    settings: Settings,
    calibration: Calibration,
    card: str,
    report: Mapping[str, object] | None,
    seen: Seen,
) -> Settings:
    """Write a detector folder, whole or not at all.

    Args:
        path: Replaced if it exists; may be the source itself.
        source: Folder whose Classifier files are copied.
        settings: Without hashes.
        calibration: Its scores are written.
        card: Text of README.md.
        report: JSON value, or None for no report.
        seen: Hashes of the texts that it was made from.

    Returns:
        The settings as written, with the hash of every file.
    """
    with whole_folder(path) as part:
        for name in classifier_files(source):
            shutil.copyfile(source / name, part / name)
        scores = {"human_scores": calibration.human_scores, "ai_scores": calibration.ai_scores}
        save_file(
            {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in scores.items()}, part / SCORES
        )
        (part / CARD).write_text(card, encoding="utf-8")
        if report is not None:
            write_json(part / REPORT, report)
        write_seen(part / SEEN, seen)
        names = sorted(file.name for file in part.iterdir())
        unsealed = settings.changed(files=hashes(part, names))
        written = unsealed.changed(seal=seal_of(unsealed.model_dump(mode="json")))
        write_json(part / DETECTOR, written.model_dump(mode="json"))
    return written
