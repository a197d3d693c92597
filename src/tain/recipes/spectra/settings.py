"""Settings of spectra."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tain.core.errors import ConfigError


class SpectraSettings(BaseModel):
    """What is read off singular values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float = Field(0.9, gt=0, le=1, description="Of the squared mass that the effective rank holds.")
    vectors: int = Field(10, ge=1, description="Strongest directions of each tuned matrix looked at for intruders.")
    epsilon: float = Field(0.5, gt=0, le=1, description="Cosine to the base below which a direction intrudes.")


def read_settings(values: Mapping[str, Any]) -> SpectraSettings:
    """Settings from flags.

    Raises:
        ConfigError: If one is unknown or impossible.
    """
    try:
        return SpectraSettings.model_validate(dict(values))
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, p['loc']))} is {p['input']!r}: {p['msg']}." for p in error.errors())
        raise ConfigError(" ".join(lines)) from error
