"""What the list of models says of one that is not in memory, from its JSON files and without its weights."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from tain.core.errors import TainError
from tain.core.example import DETECTION
from tain.core.files import read_json, sha256_of
from tain.core.version import VERSION
from tain.detector.engines import CLASSIFIER
from tain.detector.folder import DETECTOR, REPORT
from tain.detector.settings import Settings
from tain.serving.shapes.about import ModelCard, PointBody


def card_of_folder(name: str, place: Path, *, created: int) -> ModelCard | None:
    """The card; None where the files cannot be read. Nothing of it is vouched for before the model is loaded.

    Args:
        name: What requests name it by.
        place: Where its files lie.
        created: When the server started, in seconds since 1970.
    """
    try:
        if (place / DETECTOR).is_file():
            return _of_detector(name, Settings.model_validate(read_json(place / DETECTOR)), created)
        return _of_classifier(name, place / CLASSIFIER, created)
    except (TainError, ValidationError, OSError, KeyError, TypeError):
        return None


def _of_detector(name: str, settings: Settings, created: int) -> ModelCard:
    points = settings.calibration.points
    return ModelCard(
        id=name,
        created=created,
        version=settings.about.version,
        model_sha=settings.fingerprint,
        labels=list(DETECTION.names),
        max_model_len=settings.window_tokens,
        can_check=True,
        can_take_jobs=False,
        operating_points=[PointBody.model_validate(point, from_attributes=True) for point in points],
        default_fpr=settings.default_fpr,
        min_words=settings.min_words,
        has_report=REPORT in settings.files,
        is_loaded=False,
    )


def _of_classifier(name: str, file: Path, created: int) -> ModelCard:
    value = read_json(file)
    return ModelCard(
        id=name,
        created=created,
        version=VERSION,
        model_sha=sha256_of(file),
        labels=value["labels"],
        max_model_len=value["max_tokens"],
        can_check=False,
        can_take_jobs=False,
        operating_points=[],
        default_fpr=None,
        min_words=None,
        has_report=False,
        is_loaded=False,
    )
