"""The answer for one text."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Label = Literal["human", "ai", "too_short"]
"""`too_short` means that no answer is given."""

CAVEAT = "A result is evidence, never a verdict on a person. Nobody should be judged on it alone."


@dataclass(frozen=True, slots=True)
class WindowScore:
    """The score of a stretch of a text: where to look, not a finding of its own.

    The false positive rate holds for whole texts. A window's label only says on which side of the same threshold its
    score lies.

    Attributes:
        start_index: First character in the text as given.
        end_index: One past the last character.
        score: Logit, higher means AI.
        label: human or ai.
        text: The stretch.
    """

    start_index: int
    end_index: int
    score: float
    label: Label
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a score compares with those of texts known to be by people.

    Attributes:
        n_calibration: Human calibration texts.
        n_higher: How many of them scored higher.
        sentence: The same in words.
    """

    n_calibration: int
    n_higher: int
    sentence: str


@dataclass(frozen=True, slots=True)
class ModelId:
    """Which detector answered.

    Attributes:
        name: As its maker named it.
        version: As its maker numbered it.
        sha256: Hash of all that decides its answers.
    """

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one text, with what is needed to weigh it.

    Attributes:
        label: human or ai at the operating point, or too_short.
        score: Logit, unclipped, higher means AI; None when too short.
        probability: That the text is AI, at `prior`; None where there is none.
        probability_reason: Why there is none; None when there is one.
        prior: Assumed share of AI texts among those checked.
        target_fpr: Of the operating point.
        threshold: A score above it means ai.
        n_words: Of the normalised text.
        n_windows: Stretches that were read.
        windows: Their scores; empty when many texts were scored at once.
        evidence: None when too short.
        model: Which detector answered.
        warnings: What makes the answer weaker than it looks.
    """

    label: Label
    score: float | None
    probability: float | None
    probability_reason: str | None
    prior: float
    target_fpr: float
    threshold: float
    n_words: int
    n_windows: int
    windows: tuple[WindowScore, ...]
    evidence: Evidence | None
    model: ModelId
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, ready for JSON."""
        return {**asdict(self), "caveat": CAVEAT}


def evidence(n_higher: int, n_calibration: int) -> Evidence:
    """The evidence with its sentence.

    Args:
        n_higher: Human calibration texts that scored higher.
        n_calibration: All of them.
    """
    count = f"{n_higher:,}" if n_higher else "None"
    sentence = f"{count} of {n_calibration:,} human calibration texts scored higher."
    return Evidence(n_calibration, n_higher, sentence)
