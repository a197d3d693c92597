"""Candidate answers for one prompt, and the gates that they have to pass."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tain.serving.shapes.text import Text

MAX_GATES = 8
Outcome = Literal["passed", "failed", "too_short"]


class Gate(BaseModel):
    """What one model has to say of a candidate."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(None, description="Name of a model; none takes the first.")
    label: str = Field(description="Of the model; what the candidate should be.")
    min_probability: float | None = Field(
        None, gt=0, lt=1, description="Passes at this probability of the label or above. Either this or target_fpr."
    )
    target_fpr: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Operating point of a detector: human passes where a check at this rate does not say ai.",
    )
    prior: float | None = Field(
        None, gt=0, lt=1, description="Share of AI texts that a detector's probability assumes; none takes 0.5."
    )
    too_short: Literal["pass", "drop"] = Field(
        "drop", description="What becomes of a candidate with too little text for an answer, or with none."
    )
    reads: Literal["answer", "prompt_and_answer"] = Field(
        "answer", description="What a classifier reads: the candidate, or the prompt, an empty line and the candidate."
    )
    truncate: bool = Field(False, description="Read only as much of each text as the network reads at once.")

    @model_validator(mode="after")
    def _one_bar(self) -> Self:
        if (self.min_probability is None) == (self.target_fpr is None):
            raise ValueError("expected either min_probability or target_fpr")
        return self


class FilterRequest(BaseModel):
    """Candidates, and the gates between them and the answer."""

    model_config = ConfigDict(extra="forbid")

    candidates: list[Text] = Field(description="Answers for one prompt.")
    gates: list[Gate] = Field(min_length=1, max_length=MAX_GATES, description="A candidate has to pass all of them.")
    prompt: Text | None = Field(None, description="What was asked; for gates that read it too.")
    top_k: int | None = Field(None, ge=1, description="Most candidates to pass on; none passes on all that passed.")


class GateResult(BaseModel):
    """What one gate found in one candidate."""

    gate: int = Field(description="Counted from 0.")
    model: str = Field(description="Name of the model.")
    label: str = Field(description="Asked for.")
    outcome: Outcome = Field(description="too_short passes or drops as the gate says.")
    probability: float | None = Field(description="Of the label; null when too short, or without one.")
    score: float | None = Field(description="Of a detector: logit, higher means AI; null for a classifier.")
    margin: float | None = Field(description="Log-odds beyond the bar, negative below it; null when too short.")


class Candidate(BaseModel):
    """A candidate with what every gate found."""

    index: int = Field(description="In the request, counted from 0.")
    text: str = Field(description="The candidate.")
    passed: bool = Field(description="All gates.")
    margin: float | None = Field(
        description="The least of its gates', which ranks it; 0 at a gate that passed it unread."
    )
    gates: list[GateResult] = Field(description="In the order of the request.")


class FilterResponse(BaseModel):
    """Those that passed, best first, and those that did not, in the order sent."""

    id: str = Field(description="Of the request.")
    n_passed: int = Field(description="All that passed, also those beyond top_k.")
    passed: list[Candidate] = Field(description="By their least margin, then by the sum, then in the order sent.")
    dropped: list[Candidate] = Field(description="In the order sent.")
