"""What making mirrors is told."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tain.core.errors import ConfigError
from tain.mirrors.prompts import VARIANTS

GeneratorKind = Literal["openai", "local", "recorded"]
ProofKind = Literal["full", "surface", "none"]


class MirrorConfig(BaseModel):
    """Who writes the mirrors, how they are asked for, and what they may cost."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    generator: GeneratorKind = Field("openai", description="An endpoint, a model on this machine, or a file.")
    models: tuple[str, ...] = Field((), description="NAME, or NAME=SHARE for each of several.")
    base_url: str | None = Field(None, description="Of the endpoint; none takes OPENAI_BASE_URL, or OpenAI.")
    recorded: str | None = Field(None, description="File of mirrors that were written before.")
    variants: tuple[str, ...] = Field(VARIANTS, description="Ways of asking, dealt out evenly.")
    templates: str | None = Field(None, description="Folder with prompt templates of your own.")
    max_words: int | None = Field(None, ge=20, description="Longer texts are mirrored by their beginning only.")
    length_low: float = Field(0.7, gt=0, le=1, description="Fewest words of a mirror, as a share of its parent's.")
    length_high: float = Field(1.4, ge=1, description="Most words of a mirror, as a share of its parent's.")
    temperature: float | None = Field(None, ge=0, description="None leaves it to the model.")
    top_p: float | None = Field(None, gt=0, le=1, description="None leaves it to the model.")
    max_tokens: int | None = Field(None, ge=1, description="Of an answer; none takes it from the parent's length.")
    attempts: int = Field(3, ge=1, description="Mirrors of one text that may be turned down.")
    price_in: tuple[str, ...] = Field((), description="USD per million tokens read, or MODEL=USD.")
    price_out: tuple[str, ...] = Field((), description="USD per million tokens written, or MODEL=USD.")
    max_cost: float | None = Field(None, ge=0, description="USD that the whole store may cost.")
    concurrency: int = Field(16, ge=1, description="Requests at a time.")
    timeout_s: float = Field(180.0, gt=0, description="Seconds for one answer.")
    batch_size: int = Field(16, ge=1, description="Texts at a time, of a local model.")
    device: str = Field("cpu", description="Where a local model runs.")
    proof: ProofKind = Field("full", description="What is proven in the end: surface leaves out the topic.")
    proof_base: str = Field("minilm", description="Backbone by whose embeddings topics are compared.")
    seed: int = Field(0, ge=0, description="Of every choice.")


def mirror_config(values: dict[str, Any]) -> MirrorConfig:
    """Settings from names and values.

    Args:
        values: As in a TOML table.

    Raises:
        ConfigError: If one is unknown or impossible; all problems at once.
    """
    try:
        return MirrorConfig.model_validate(values)
    except ValidationError as error:
        problems = [_explain(str(each["loc"][0]), each["type"], each["input"], each["msg"]) for each in error.errors()]
        raise ConfigError("\n".join(problems)) from error


def _explain(name: str, kind: str, value: object, message: str) -> str:
    if kind != "extra_forbidden":
        return f"{name} is {value!r}: {message}."
    near = get_close_matches(name, MirrorConfig.model_fields, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{name} is not a setting of mirrors. Expected one of {', '.join(MirrorConfig.model_fields)}.{hint}"
