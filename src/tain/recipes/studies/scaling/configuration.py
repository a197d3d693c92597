"""What a study of scaling is made from."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tain.recipes.studies.configuration import Contestant, StudyTexts

Growth = Literal["random", "mined"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScalingTexts(StudyTexts):
    """How many texts of each corpus and label are used at most, and how they are cut."""

    n_train: int = Field(1_000_000, ge=1, description="Most training texts of each corpus and label.")


class ScalingCorpus(_Part):
    """A labelled file."""

    name: str = Field(min_length=1, description="For the table.")
    file: str = Field(description="JSONL, CSV or Parquet with labels human and ai.")


class Scaling(_Part):
    """A study that trains on more and more texts and tests on corpora that it never trains on."""

    study: Literal["scaling"] = Field(description="Kind of study.")
    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1, description="Each draws texts and trains anew.")
    sizes: tuple[int, ...] = Field(min_length=1, description="Numbers of training texts, rising; groups stay whole.")
    has_all: bool = Field(True, description="Also train on every text there is.")
    growth: tuple[Growth, ...] = Field(
        ("random", "mined"),
        min_length=1,
        description="random adds groups as drawn; mined those with the text that the last model got most wrong.",
    )
    target_fpr: float = Field(0.01, gt=0, lt=1, description="Of the threshold that is fixed beforehand.")
    texts: ScalingTexts = ScalingTexts()
    train: tuple[ScalingCorpus, ...] = Field(min_length=1, description="What is trained and calibrated on.")
    tests: tuple[ScalingCorpus, ...] = Field(min_length=1, description="What is tested, and never trained on.")
    contestants: dict[str, Contestant] = Field(min_length=1, description="By name; a classical model or a Run.")

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        names = [corpus.name for corpus in (*self.train, *self.tests)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two corpora have the name {twice[0]!r}")
        if list(self.sizes) != sorted(set(self.sizes)) or self.sizes[0] < 2:
            raise ValueError(f"sizes is {list(self.sizes)}; expected rising numbers of 2 and more")
        if made := [name for name, one in self.contestants.items() if one.is_made_of_others]:
            raise ValueError(f"{made[0]} is made of others, which a study of scaling does not add up; leave it out")
        return self
