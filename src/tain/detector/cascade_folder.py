"""The cascade folder: `cascade.json`, and `ngrams.safetensors` where the first model was distilled."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tain.core.errors import DataError, DetectorError
from tain.core.files import read_json, sha256_of, whole_folder, write_json
from tain.core.version import VERSION
from tain.detector.ngrams import NGRAMS, NgramModel, read_ngrams, write_ngrams

CASCADE = "cascade.json"


class CascadeRecord(BaseModel):
    """What decides which texts the network reads, and what that costs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = Field(1, description="Layout of the folder.")
    tain: str = Field(VERSION, description="Version that wrote it.")
    detector: str = Field(description="Hash of all that decides the detector's answers.")
    target_fpr: float = Field(gt=0, lt=1, description="Of the operating point.")
    first: Literal["own", "distilled"] = Field(
        description="The detector's own n-grams, or n-grams fitted to its scores."
    )
    basis: Literal["proven", "measured"] = Field(description="Whether the loss is none by proof, or bounded from data.")
    forward_above: float = Field(allow_inf_nan=False, description="First score from which the network reads a text.")
    max_loss: float = Field(0.0, ge=0, lt=1, description="Share of flags that may be lost.")
    n_texts: int = Field(0, ge=0, description="Texts it was measured on, none of which the first model was made from.")
    n_flagged: int = Field(0, ge=0, description="Of them flagged by the whole detector.")
    n_lost: int = Field(0, ge=0, description="Of the flagged those that the first model settles as human.")
    loss_upper: float | None = Field(None, ge=0, le=1, description="Exact 95% bound on the share lost; 0 by proof.")
    n_forwarded: int = Field(0, ge=0, description="Texts that the network reads.")
    ngrams: str = Field("", description="sha256 of the distilled model.")


def write_cascade(folder: Path, record: CascadeRecord, ngrams: NgramModel | None) -> CascadeRecord:
    """Write a cascade folder, whole or not at all.

    Args:
        folder: Replaced if it exists.
        record: Without the hash.
        ngrams: The distilled model, if there is one.
    """
    with whole_folder(folder) as part:
        if ngrams is not None:
            write_ngrams(part / NGRAMS, ngrams)
            record = record.model_copy(update={"ngrams": sha256_of(part / NGRAMS)})
        write_json(part / CASCADE, record.model_dump(mode="json"))
    return record


def read_cascade(folder: Path) -> tuple[CascadeRecord, NgramModel | None]:
    """The record of a cascade and its distilled model, if it has one.

    Raises:
        DetectorError: If the folder is no cascade, or a file in it is damaged.
    """
    file = folder / CASCADE
    if not file.is_file():
        raise DetectorError(f"{folder} is no cascade: {CASCADE} is missing. Give the folder that `tain cascade` wrote.")
    try:
        record = CascadeRecord.model_validate(read_json(file))
    except (DataError, ValidationError) as error:
        raise DetectorError(
            f"{file}: is not sound ({str(error).splitlines()[0]}). Make it again: tain cascade."
        ) from error
    found = sha256_of(folder / NGRAMS) if (folder / NGRAMS).is_file() else ""
    if found != record.ngrams or (record.first == "distilled") != bool(found):
        raise DetectorError(f"{folder}: {NGRAMS} is not the one it was made with. Make it again: tain cascade.")
    return record, read_ngrams(folder) if found else None
