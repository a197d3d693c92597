"""What the page of a review is told, and what it sends."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Listed(BaseModel):
    """One text in the list."""

    id: str
    label: str | None = Field(description="That it came with.")
    decision: str | None = Field(description="A label, drop, or null.")


class Overview(BaseModel):
    """A review without its texts."""

    name: str = Field(description="Of the sheet.")
    by: str = Field(description="Who decides.")
    labels: list[str] = Field(description="That a text may get.")
    n_decided: int
    items: list[Listed]


class LikeText(BaseModel):
    """A text that the one shown is like."""

    id: str
    label: str
    likeness: float = Field(description="Cosine.")
    influence: float | None = Field(description="Above 0 it harms; null where nobody knows.")
    text: str


class Shown(BaseModel):
    """One text with what speaks against its label."""

    place: int
    id: str
    label: str | None
    decision: str | None
    text: str
    reasons: list[str]
    evidence: dict[str, float]
    source: str
    neighbours: list[LikeText]


class Decision(BaseModel):
    """What is decided of a text."""

    model_config = ConfigDict(extra="forbid")

    decision: str | None = Field(max_length=200, description="A label, drop, or null to take it back.")


class Outcome(BaseModel):
    """What holds after a decision."""

    place: int | None = Field(description="Of the text; null if there was nothing to undo.")
    decision: str | None
    n_decided: int
