"""Gates on generation: how far a candidate is beyond the bar that a gate sets, and which candidate is best.

Probabilities close to 1 hardly differ, and those of different models cannot be added up. So candidates are compared by
their margin, the log-odds beyond the bar, and each by that of its weakest gate: no superb answer of one model makes up
for a near miss at another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, log1p
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tain.detector.calibration import EVEN_ODDS
from tain.detector.detector import NO_PROBABILITY
from tain.detector.reading import Reading
from tain.serving.errors import Refusal
from tain.serving.served import Served
from tain.serving.served_detector import ServedDetector
from tain.serving.shapes.filter import Candidate, Gate, GateResult


@dataclass(frozen=True, slots=True)
class Measured:
    """What a gate makes of a reading.

    Attributes:
        probability: Of the label; None where the model has none.
        score: Of a detector.
        margin: Log-odds beyond the bar.
        is_passed: Whether it is over the bar.
    """

    probability: float | None
    score: float | None
    margin: float
    is_passed: bool


class Bar(Protocol):
    """A gate with its model."""

    @property
    def gate(self) -> Gate:
        """As asked."""

    @property
    def model(self) -> Served:
        """What reads for it."""

    def measure(self, reading: Any) -> Measured | None:  # noqa: ANN401 (each model's own)
        """What the reading comes to; None where the text is too short for an answer."""


@dataclass(frozen=True)
class DetectorBar:
    """A gate with a detector: at an operating point, or at a probability."""

    gate: Gate
    model: ServedDetector

    def measure(self, reading: Reading) -> Measured | None:
        """As `tain check` decides: a score on the threshold is human."""
        score, gate = reading.score, self.gate
        if score is None:
            return None
        is_ai = gate.label == "ai"
        detector = self.model.detector
        p_ai = detector.calibration.p_ai(score, prior=gate.prior or EVEN_ODDS)
        probability = p_ai if p_ai is None or is_ai else 1 - p_ai
        if gate.min_probability is not None:
            assert probability is not None
            margin = _logit(probability) - _logit(gate.min_probability)
            return Measured(probability, score, margin, probability >= gate.min_probability)
        beyond = score - detector.point(gate.target_fpr).threshold
        is_passed = beyond > 0 if is_ai else beyond <= 0
        return Measured(probability, score, self.model.slope * (beyond if is_ai else -beyond), is_passed)


@dataclass(frozen=True)
class ClassBar:
    """A gate with a classifier: at a probability of one of its labels."""

    gate: Gate
    model: Served

    def measure(self, reading: NDArray[np.floating]) -> Measured | None:
        """By the softmax over the labels."""
        scores = self.model.class_scores(reading, "softmax")
        if scores is None or self.gate.min_probability is None:
            return None
        probability = float(scores[self.model.labels.index(self.gate.label)])
        margin = _logit(probability) - _logit(self.gate.min_probability)
        return Measured(probability, None, margin, probability >= self.gate.min_probability)


def bar_of(gate: Gate, model: Served, *, has_prompt: bool) -> Bar:
    """The gate with its model.

    Args:
        gate: As asked.
        model: That it names.
        has_prompt: Whether the request has one.

    Raises:
        Refusal: 422 if the model cannot answer what the gate asks.
        ConfigError: If a detector's calibration does not support the operating point.
    """
    name = model.id.name
    if gate.label not in model.labels:
        raise Refusal(422, f"{name} has no label {gate.label[:80]!r}. It has: {', '.join(model.labels)}.")
    if gate.reads == "prompt_and_answer" and not has_prompt:
        raise Refusal(422, f"The gate of {name} reads the prompt too, and there is none. Send it, or leave out reads.")
    if isinstance(model, ServedDetector):
        return _detector_bar(gate, model)
    if gate.target_fpr is not None or gate.prior is not None:
        raise Refusal(422, f"{name} is a classifier without operating points and priors. Use min_probability alone.")
    return ClassBar(gate, model)


def result(gate: int, bar: Bar, measured: Measured | None) -> GateResult:
    """What one gate found in one candidate.

    Args:
        gate: Its number.
        bar: It with its model.
        measured: None where the candidate is too short.
    """
    outcome = "too_short" if measured is None else "passed" if measured.is_passed else "failed"
    return GateResult(
        gate=gate,
        model=bar.model.id.name,
        label=bar.gate.label,
        outcome=outcome,
        probability=measured and measured.probability,
        score=measured and measured.score,
        margin=measured and measured.margin,
    )


def candidate(index: int, text: str, gates: Sequence[Gate], results: Sequence[GateResult]) -> Candidate:
    """A candidate with all that was found.

    Args:
        index: In the request.
        text: The candidate.
        gates: As asked.
        results: One for each gate.
    """
    pairs = list(zip(gates, results, strict=True))
    passed = all(found.outcome == "passed" or _is_let_through(gate, found) for gate, found in pairs)
    # What a gate let through unread stands on its bar, so that all that really passed comes before it.
    margins = [
        0.0 if found.margin is None else found.margin
        for gate, found in pairs
        if found.margin is not None or _is_let_through(gate, found)
    ]
    return Candidate(index=index, text=text, passed=passed, margin=min(margins, default=None), gates=list(results))


def ranked(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Those that passed, best first: by the least margin, then by the sum of all, then in the order sent.

    Args:
        candidates: In the order sent.
    """

    def key(each: Candidate) -> tuple[float, float]:
        return -(each.margin or 0.0), -sum(found.margin or 0.0 for found in each.gates)

    return sorted((each for each in candidates if each.passed), key=key)


def _detector_bar(gate: Gate, model: ServedDetector) -> DetectorBar:
    if gate.reads != "answer":
        raise Refusal(422, f"{model.id.name} is a detector, and reads the answer alone. Leave out reads.")
    if gate.target_fpr is not None:
        model.detector.point(gate.target_fpr)
    elif model.detector.calibration.record.probability is None:
        raise Refusal(422, f"{model.id.name} gives no probabilities. {NO_PROBABILITY} Or use target_fpr.")
    return DetectorBar(gate, model)


def _is_let_through(gate: Gate, found: GateResult) -> bool:
    return found.outcome == "too_short" and gate.too_short == "pass"


def _logit(p: float) -> float:
    inside = min(max(p, 1e-300), 1 - 1e-16)
    return log(inside) - log1p(-inside)
