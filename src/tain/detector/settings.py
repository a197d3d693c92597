"""What a detector folder says about itself in `detector.json`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tain.core.errors import MetricError
from tain.core.version import VERSION
from tain.corpora.normalise import LATEST
from tain.detector.windows import DEFAULT_WINDOW_TOKENS
from tain.evaluation.thresholds import DEFAULT_FPR, OperatingPoint

FORMAT = 1
MIN_WORDS = 50


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSource(_Frozen):
    """A corpus that a detector was made from."""

    name: str = Field(description="What people call it.")
    use: str = Field("training", description="training, calibration or evaluation.")
    licence: str = Field("not stated", description="SPDX identifier or the owner's words.")
    n_human: int = Field(0, ge=0, description="Human texts taken from it.")
    n_ai: int = Field(0, ge=0, description="AI texts taken from it.")
    note: str = Field("", description="Generators, years, whatever a reader should know.")


class PoolRate(_Frozen):
    """How often a detector wrongly flagged the texts of one human-only corpus."""

    name: str = Field(description="The pool.")
    n: int = Field(ge=1, description="Human texts scored.")
    n_flagged: int = Field(ge=0, description="Of them called AI.")
    low: float = Field(ge=0, le=1, description="Lower end of the 95% interval of the rate.")
    high: float = Field(ge=0, le=1, description="Upper end.")
    target_fpr: float = Field(DEFAULT_FPR, gt=0, lt=1, description="Operating point of the measure.")

    @property
    def fpr(self) -> float:
        """The share flagged."""
        return self.n_flagged / self.n


class CorpusResult(_Frozen):
    """What a detector's scores were worth on one labelled corpus that it never saw."""

    name: str = Field(description="The corpus.")
    n_human: int = Field(ge=0, description="Human texts scored.")
    n_ai: int = Field(ge=0, description="AI texts scored.")
    auroc: float = Field(ge=0, le=1, description="Area under the ROC curve.")
    tpr: float | None = Field(None, ge=0, le=1, description="Share of AI texts found at the operating point.")
    fpr: float | None = Field(None, ge=0, le=1, description="Share of human texts flagged there.")
    tpr_at_1: float | None = Field(
        None, ge=0, le=1, description="Share found where 1% of these human texts are flagged."
    )
    baseline_auroc: float | None = Field(None, ge=0, le=1, description="AUROC of the baseline on the same rows.")
    baseline_tpr_at_1: float | None = Field(None, ge=0, le=1, description="The baseline's share found at 1%.")


class Summary(_Frozen):
    """The measured part of a model card."""

    corpora: tuple[CorpusResult, ...] = Field((), description="Labelled corpora.")
    pools: tuple[PoolRate, ...] = Field((), description="Human-only corpora.")
    baseline: str = Field("", description="What `baseline_auroc` is of.")
    notes: tuple[str, ...] = Field((), description="Sentences under the tables.")


class About(_Frozen):
    """What a reader should know about a detector."""

    name: str = Field("detector", description="Shown in verdicts.")
    version: str = Field("1", description="Shown in verdicts.")
    description: str = Field("", description="A sentence or two.")
    licence: str = Field("not stated", description="Of the weights.")
    languages: tuple[str, ...] = Field(("en",), description="ISO 639-1 codes it was made for.")
    data: tuple[DataSource, ...] = Field((), description="Corpora it was made from.")
    recipe: str = Field("", description="The command that makes it again.")
    limits: tuple[str, ...] = Field((), description="What it cannot do, a sentence each.")


class ProbabilityMap(_Frozen):
    """A line from scores to log-odds at even prior odds: log p/(1-p) = slope x score + intercept."""

    slope: float = Field(gt=0, allow_inf_nan=False, description="Log-odds per logit.")
    intercept: float = Field(allow_inf_nan=False, description="Log-odds at score 0.")
    n_human: int = Field(ge=1, description="Human texts it was fitted to.")
    n_ai: int = Field(ge=1, description="AI texts it was fitted to.")


class Lengths(_Frozen):
    """How long the human calibration texts are, in words."""

    low: int = Field(ge=0, description="1 in 100 is shorter.")
    median: int = Field(ge=0, description="Half are shorter.")
    high: int = Field(ge=0, description="1 in 100 is longer.")


def _read_point(value: object) -> OperatingPoint:
    if isinstance(value, OperatingPoint):
        return value
    if not isinstance(value, Mapping):
        raise ValueError("expected an object")
    try:
        return OperatingPoint.from_dict(value)
    except (MetricError, TypeError) as error:
        raise ValueError(str(error)) from error


class CalibrationRecord(_Frozen):
    """What was fitted, to how many texts, and what they did not support."""

    points: tuple[Annotated[OperatingPoint, BeforeValidator(_read_point)], ...] = Field(
        min_length=1, description="Operating points, loosest first."
    )
    refused: dict[str, str] = Field({}, description="Reason for each target without a point.")
    n_human: int = Field(ge=1, description="Human texts used.")
    n_ai: int = Field(0, ge=0, description="AI texts used.")
    n_too_short: int = Field(0, ge=0, description="Texts left out, as they have too few words.")
    human_sha256: str = Field("", description="Hash of the human texts.")
    ai_sha256: str = Field("", description="Hash of the AI texts.")
    words: Lengths = Field(description="Lengths of the human texts.")
    probability: ProbabilityMap | None = Field(None, description="None when no AI texts were ever given.")
    note: str = Field("", description="Where the probability map comes from, if not from these texts.")


class Settings(_Frozen):
    """Everything that decides a verdict, besides weights and calibration scores."""

    format: Literal[1] = Field(1, description="Layout of the folder.")
    tain: str = Field(VERSION, description="Version that wrote it.")
    created: str = Field(
        default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"), description="ISO 8601, UTC."
    )
    normaliser: int = Field(LATEST, ge=1, description="Version of the text normaliser.")
    window_tokens: int = Field(DEFAULT_WINDOW_TOKENS, ge=16, description="Most tokens read at once.")
    rollup: Literal["token_weighted_mean"] = Field(
        "token_weighted_mean", description="From window scores to the text's."
    )
    min_words: int = Field(MIN_WORDS, ge=1, description="Texts with fewer words get no score.")
    default_fpr: float = Field(DEFAULT_FPR, gt=0, lt=1, description="Target of the operating point used by default.")
    calibration: CalibrationRecord
    about: About = About()
    summary: Summary = Summary()
    classifier: dict[str, str] = Field({}, description="sha256 of each file of the Classifier.")
    files: dict[str, str] = Field({}, description="sha256 of every other file in the folder.")
    seal: str = Field("", description="sha256 of all the fields above as written.")

    @property
    def fingerprint(self) -> str:
        """A hash of all that decides a verdict: equal fingerprints, equal verdicts."""
        chosen = self.model_dump(
            mode="json",
            include={"normaliser", "window_tokens", "rollup", "min_words", "default_fpr", "calibration", "classifier"},
        )
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()

    def changed(self, **values: Any) -> Settings:  # noqa: ANN401 (any field)
        """A copy with some fields replaced, checked again."""
        return Settings.model_validate({**dict(self), **values})
