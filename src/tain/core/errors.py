"""The errors a user can meet.

TainError
├── ConfigError        a setting, flag or name that is not one of ours          exit 2, HTTP 422
├── DataError          a file or row that cannot be used; names file and line   exit 1, HTTP 422
├── MethodError        a tuning method that does not fit the backbone           exit 1, HTTP 422
├── TrainingError      a training that cannot go on or cannot resume            exit 1, HTTP 500
├── DetectorError      a model folder that is none, or was changed              exit 1, HTTP 424
├── MetricError        a number that the sample does not define                 exit 1, HTTP 422
├── EndpointError      a language model's address that does not answer          exit 1, HTTP 502
└── MissingExtraError  a feature whose packages are not installed               exit 1, HTTP 501

Every message says what is wrong, the value, what was expected and what to do.
"""

from __future__ import annotations

from typing import ClassVar

SAMPLE_CHARS = 80


class TainError(Exception):
    """Anything that goes wrong for a reason the user can act on.

    The command line exits with `exit_status`; the server answers with `http_status` and `code`.
    """

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 500


class ConfigError(TainError):
    """Raised when a setting, flag or name is not one of ours or has an impossible value."""

    code = "config"
    exit_status = 2
    http_status = 422


class DataError(TainError):
    """Raised when a file or a row cannot be used. The message names file, line and field."""

    code = "data"
    http_status = 422


class MethodError(TainError):
    """Raised when a tuning method does not fit the backbone it is asked to change."""

    code = "method"
    http_status = 422


class TrainingError(TainError):
    """Raised when a training cannot go on, cannot resume, or a save does not reload as saved."""

    code = "training"


class DetectorError(TainError):
    """Raised when a folder is no model of ours, lacks a part, or was changed since it was saved."""

    code = "detector"
    http_status = 424


class MetricError(TainError):
    """Raised when a sample does not define the number asked for, such as AUROC on one class."""

    code = "metric"
    http_status = 422


class EndpointError(TainError):
    """Raised when a language model behind an address does not answer, or answers what cannot be used."""

    code = "endpoint"
    http_status = 502


class MissingExtraError(TainError):
    """Raised when a feature needs packages that are not installed."""

    code = "missing_extra"
    http_status = 501

    def __init__(self, feature: str, extra: str) -> None:
        """Name the feature and the command that installs what it needs."""
        super().__init__(f"{feature} needs packages that are not installed. Run: pip install 'tain[{extra}]'")


def sample(text: str) -> str:
    """One line of a text, short enough for an error message."""
    flat = " ".join(text.split())
    return flat if len(flat) <= SAMPLE_CHARS else flat[: SAMPLE_CHARS - 1] + "…"
