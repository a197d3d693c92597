"""Our own shape: a Verdict with all that is needed to weigh it. Field names are those of `tain check --json`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tain.detector.verdict import CAVEAT, Verdict
from tain.serving.documents.kinds import Kind
from tain.serving.shapes.text import Text

Label = Literal["human", "ai", "too_short"]
_SHORT = {"human": "Human", "ai": "AI", "too_short": "Not enough text"}


class CheckRequest(BaseModel):
    """One text or many, and how sure a flag has to be."""

    model_config = ConfigDict(extra="forbid")

    text: Text | list[Text] = Field(description="As written; nothing has to be cleaned.")
    model: str | None = Field(None, description="Name of a detector; none takes the first.")
    target_fpr: float | None = Field(
        None, gt=0, lt=1, description="False positive rate of the label; none takes the detector's default."
    )
    prior: float | None = Field(
        None, gt=0, lt=1, description="Share of AI texts among those you check; none takes 0.5."
    )
    windows: bool = Field(True, description="List the windows of each text.")

    @property
    def texts(self) -> list[str]:
        """All texts."""
        return [self.text] if isinstance(self.text, str) else self.text


class WindowBody(BaseModel):
    """A stretch of a text: where to look, not a finding of its own."""

    start_index: int = Field(description="First character in the text as given, counted in Unicode code points.")
    end_index: int = Field(description="One past the last character.")
    score: float = Field(description="Logit, higher means AI.")
    label: Label = Field(description="Side of the text's threshold; the rate holds for whole texts.")
    text: str = Field(description="The stretch.")


class EvidenceBody(BaseModel):
    """How the score compares with those of texts known to be by people."""

    n_calibration: int = Field(description="Human calibration texts.")
    n_higher: int = Field(description="How many of them scored higher.")
    sentence: str = Field(description="The same in words.")


class VerdictBody(BaseModel):
    """The answer for one text."""

    label: Label = Field(description="At the operating point; too_short gives no answer.")
    prediction_short: str = Field(description="The label for people.")
    score: float | None = Field(description="Logit, unclipped, higher means AI; null when too short.")
    probability: float | None = Field(description="That the text is AI, at the prior.")
    probability_reason: str | None = Field(description="Why there is no probability.")
    prior: float = Field(description="Assumed share of AI texts.")
    target_fpr: float = Field(description="False positive rate of the operating point.")
    threshold: float = Field(description="A score above it means ai.")
    fraction_ai: float | None = Field(description="Share of the text, by characters, in windows above the threshold.")
    fraction_human: float | None = Field(description="The rest.")
    n_words: int = Field(description="Of the normalised text.")
    n_windows: int = Field(description="Stretches that were read.")
    windows: list[WindowBody] = Field(description="Empty when too short, or when they were not asked for.")
    evidence: EvidenceBody | None = Field(description="Null when too short.")
    warnings: list[str] = Field(description="What makes the answer weaker than it looks.")


class CheckResponse(BaseModel):
    """The verdicts, in the order of the texts."""

    id: str = Field(description="Of the request.")
    model: str = Field(description="Name of the detector.")
    version: str = Field(description="Its version.")
    model_sha: str = Field(description="Hash of all that decides its answers.")
    verdicts: list[VerdictBody] = Field(description="One for each text.")
    caveat: str = Field(CAVEAT, description="How to take them.")


class FileBody(BaseModel):
    """What was sent, and what was found in it."""

    name: str = Field(description="Of the file, without folders.")
    kind: Kind = Field(description="What it is, by its name and its content.")
    n_bytes: int = Field(description="Of the file.")
    n_chars: int = Field(description="Of the text, in Unicode code points.")
    n_pages: int | None = Field(description="Of a PDF.")
    encoding: str | None = Field(description="Of plain text and web pages.")


class FileCheckResponse(CheckResponse):
    """The verdict on the text of a file."""

    file: FileBody
    text: str = Field(description="What was read; offsets of windows count its characters.")


def verdict_body(verdict: Verdict, *, has_windows: bool) -> VerdictBody:
    """A verdict as it is sent.

    Args:
        verdict: With its windows.
        has_windows: Whether they were asked for.
    """
    fraction_ai = _fraction_ai(verdict)
    fields = verdict.to_dict()
    fields |= {
        "prediction_short": _SHORT[verdict.label],
        "fraction_ai": fraction_ai,
        "fraction_human": None if fraction_ai is None else 1 - fraction_ai,
        "windows": fields["windows"] if has_windows else [],
    }
    return VerdictBody.model_validate(fields)


def _fraction_ai(verdict: Verdict) -> float | None:
    lengths = [(window.end_index - window.start_index, window.label == "ai") for window in verdict.windows]
    n_chars = sum(length for length, _ in lengths)
    return sum(length for length, is_ai in lengths if is_ai) / n_chars if n_chars else None
