"""The shape of Hugging Face's inference API and of text-embeddings-inference (TEI).

Fields that those know and we do not are passed over, as those pass over fields of each other.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from tain.serving.errors import Refusal
from tain.serving.served import Apply, Side
from tain.serving.shapes.text import Text

Inputs = Text | list[Text] | list[list[Text]]
_NO_PAIRS = (
    "A list of two strings is one pair of texts here, and this model reads single texts. For a batch send "
    '[["first"], ["second"]].'
)


class Parameters(BaseModel):
    """What a client of Hugging Face's API may ask."""

    top_k: int | None = Field(None, ge=1, description="Labels to give, highest first; none gives all.")
    function_to_apply: Apply | None = Field(None, description="From raw scores to numbers; none takes softmax.")
    truncate: bool | None = Field(None, description="As beside `inputs`.")


class PredictRequest(BaseModel):
    """Texts, and what to give for each."""

    inputs: Inputs = Field(description="One text or many.")
    parameters: Parameters | None = Field(None, description="As Hugging Face's clients send them.")
    truncate: bool = Field(
        False, description="Read only as much of each text as the network reads at once. Without it all of it is read."
    )
    truncation_direction: Literal["Right", "Left", "right", "left"] = Field(
        "Right", description="The end of a text that goes unread when it is cut."
    )
    raw_scores: bool = Field(False, description="The same as function_to_apply none.")

    @property
    def apply(self) -> Apply:
        """What turns raw scores into those that are sent."""
        asked = self.parameters.function_to_apply if self.parameters else None
        return asked or ("none" if self.raw_scores else "softmax")

    @property
    def top_k(self) -> int | None:
        """How many labels to give; None for all."""
        return self.parameters.top_k if self.parameters else None

    @property
    def cut(self) -> Side | None:
        """End to leave out of long texts; None reads all."""
        asked = self.parameters.truncate if self.parameters else None
        if not (self.truncate if asked is None else asked):
            return None
        return "left" if self.truncation_direction.lower() == "left" else "right"


class LabelScore(BaseModel):
    """A label and its number."""

    label: str = Field(description="Of the model.")
    score: float = Field(description="Probability, or a raw score where that was asked for.")


def root_texts(inputs: Inputs) -> list[str]:
    """The texts as Hugging Face's API understands them: a list is a batch.

    Args:
        inputs: As sent.

    Raises:
        Refusal: 422 for pairs.
    """
    return [inputs] if isinstance(inputs, str) else [_single(each) for each in inputs]


def tei_texts(inputs: Inputs) -> tuple[list[str], bool]:
    """The texts as TEI understands them, and whether they are a batch: a flat list of two strings is one pair.

    Args:
        inputs: As sent.

    Raises:
        Refusal: 422 for pairs.
    """
    is_batch = not isinstance(inputs, str) and bool(inputs) and isinstance(inputs[0], list)
    if isinstance(inputs, str) or not is_batch:
        return [_single(inputs)] if inputs else [], False
    return [_single(each) for each in inputs], True


def _single(sequence: str | list[str] | list[list[str]]) -> str:
    if isinstance(sequence, str):
        return sequence
    if len(sequence) == 1 and isinstance(sequence[0], str):
        return sequence[0]
    if len(sequence) == 2:
        raise Refusal(422, _NO_PAIRS)
    raise Refusal(422, f"A list of {len(sequence)} stands for one text; expected one string in it.")
