"""The shape of vLLM's and SGLang's classification. Fields of theirs that mean nothing here are passed over."""

from __future__ import annotations

from pydantic import BaseModel, Field

from tain.serving.served import Apply, Side
from tain.serving.shapes.text import Text


class ClassifyRequest(BaseModel):
    """Texts to classify."""

    model: str | None = Field(None, description="Name of a model; none takes the first.")
    input: Text | list[Text] = Field(description="One text or many.")
    truncate: bool = Field(False, description="Read only as much of each text as the network reads at once.")
    use_activation: bool = Field(True, description="False gives raw scores for probs.")

    @property
    def texts(self) -> list[str]:
        """All texts."""
        return [self.input] if isinstance(self.input, str) else self.input

    @property
    def apply(self) -> Apply:
        """What turns raw scores into those that are sent."""
        return "softmax" if self.use_activation else "none"

    @property
    def cut(self) -> Side | None:
        """End to leave out of long texts; None reads all."""
        return "right" if self.truncate else None


class Classified(BaseModel):
    """The answer for one text."""

    index: int = Field(description="Of the text.")
    label: str = Field(description="The most likely one; of a detector, the one at its operating point.")
    probs: list[float] = Field(description="A number for each label, in the model's order.")
    num_classes: int = Field(description="How many there are.")


class Usage(BaseModel):
    """What was read."""

    prompt_tokens: int = Field(description="Tokens read.")
    total_tokens: int = Field(description="The same.")
    completion_tokens: int = Field(0, description="None are written.")


class ClassifyResponse(BaseModel):
    """The answers, in the order of the texts."""

    id: str = Field(description="Of the request.")
    object: str = Field("list", description="As OpenAI's lists say.")
    created: int = Field(description="Seconds since 1970.")
    model: str = Field(description="What read them.")
    data: list[Classified] = Field(description="One for each text.")
    usage: Usage
