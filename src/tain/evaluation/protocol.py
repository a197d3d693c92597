"""The protocol of a frozen evaluation set: what is reported, and that nothing is tuned on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tain.core.errors import ConfigError
from tain.core.files import read_json
from tain.evaluation.bootstrap import N_DRAWS
from tain.evaluation.thresholds import DEFAULT_FPR, TARGET_FPRS

Property = Literal["source", "domain", "generator", "language", "date"]
Target = Annotated[float, Field(gt=0, lt=1)]


class Protocol(BaseModel):
    """How detectors are measured on a bundle. Every field is settled before the first detector sees the texts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = Field(1, description="Of this layout.")
    name: str = Field(min_length=1, description="What the set is called in reports.")
    description: str = Field("", description="Where the texts come from, and what the set is for.")
    target_fprs: tuple[Target, ...] = Field(
        TARGET_FPRS, min_length=1, description="Operating points to report, as stored in the detector."
    )
    default_fpr: Target = Field(DEFAULT_FPR, description="The one that slices are measured at.")
    min_words: int = Field(
        50, ge=1, description="Words parted by white space; shorter texts were left out when the set was frozen."
    )
    normaliser: int | None = Field(
        None, ge=1, description="Texts were normalised so when frozen; null leaves them raw, for each detector's own."
    )
    pools: Property = Field("domain", description="Property by which false positives are split.")
    slices: tuple[Property, ...] = Field(
        ("domain", "generator", "language", "source"), description="Properties that rates are cut by."
    )
    n_draws: int = Field(N_DRAWS, ge=2, description="Of the bootstrap.")
    seed: int = Field(0, ge=0, description="Of the bootstrap.")
    may_be_tuned: Literal["nothing"] = Field("nothing", description="No threshold, prompt or setting, on these texts.")


def read_protocol(path: Path) -> Protocol:
    """The protocol that a JSON file holds.

    Args:
        path: With `name` at least; other fields have defaults.

    Raises:
        DataError: If it is no JSON.
        ConfigError: If a field is unknown or out of range; names all such fields.
    """
    return make_protocol(read_json(path), where=str(path))


def make_protocol(values: Any, *, where: str) -> Protocol:  # noqa: ANN401 (any JSON value)
    """The protocol that a JSON value describes.

    Args:
        values: As read.
        where: What to call it in an error.

    Raises:
        ConfigError: If a field is unknown or out of range; names all such fields.
    """
    try:
        return Protocol.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in error.errors())
        names = ", ".join(Protocol.model_fields)
        raise ConfigError(f"{where} is no protocol: {faults}. Its fields are {names}.") from error
