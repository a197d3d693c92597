"""Settings of an explanation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tain.core.errors import ConfigError


class ExplainSettings(BaseModel):
    """How training texts are scored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    estimator: str = Field("datainf", description="Name of the estimator of influence.")
    options: dict[str, Any] = Field({}, description="Settings of the estimator, such as damping.")
    projection: int | None = Field(
        None, ge=1, description="Numbers kept of each block of a gradient, by random projection; none keeps all."
    )
    seed: int = Field(0, ge=0, description="Of the projection.")


def read_settings(values: Mapping[str, Any]) -> ExplainSettings:
    """Settings from flags.

    Raises:
        ConfigError: If one is unknown or impossible.
    """
    try:
        return ExplainSettings.model_validate(dict(values))
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, p['loc']))} is {p['input']!r}: {p['msg']}." for p in error.errors())
        raise ConfigError(" ".join(lines)) from error


def read_options(pairs: list[str]) -> dict[str, Any]:
    """Settings of an estimator from `key=value` pairs; numbers are read as numbers.

    Raises:
        ConfigError: If a pair has no equals sign or its value is no number.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, is_pair, value = pair.partition("=")
        try:
            found[key.strip()] = float(value)
        except ValueError:
            is_pair = ""
        if not is_pair:
            raise ConfigError(f"--set {pair!r}: expected key=number, such as damping=0.1 or n_iterations=100.")
    return found
