"""What a leave-one-out study is made from, and what other studies take from it: corpora, texts and contestants."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tain.training.config import TrainingConfig


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StudyTexts(_Part):
    """How many texts of each corpus and label are used, and how they are cut."""

    n_train: int = Field(300, ge=1, description="Training texts of each corpus and label.")
    n_calibration: int = Field(80, ge=1, description="Human texts of each corpus that set the threshold.")
    n_test: int = Field(300, ge=1, description="Test texts of each corpus and label.")
    min_words: int = Field(50, ge=1, description="Shorter texts are left out.")
    cut_low: int = Field(50, ge=1, description="Training texts are cut to a random length from this many words ...")
    cut_high: int = Field(150, ge=1, description="... to this many.")
    test_words: int = Field(250, ge=1, description="Calibration and test texts end at a sentence before this many.")
    calibration_share: float = Field(0.2, gt=0, lt=1, description="Share of groups kept for the threshold.")


class StudyCorpus(_Part):
    """A labelled file and the family it belongs to: corpora that share texts or authors share a family."""

    name: str = Field(description="For the table.")
    file: str = Field(description="JSONL, CSV or Parquet with labels human and ai.")
    family: str = Field(description="Held out as one.")


class Contestant(_Part):
    """One way to tell human from AI: a Run, a classical model, or a vote or sum of others. Exactly one of the four."""

    baseline: str | None = Field(None, description="Name of a classical model.")
    vote_of: tuple[str, ...] = Field((), description="Names of contestants whose decisions are counted.")
    sum_of: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(
        {}, description="Names of contestants whose scores are added, each so many times."
    )
    method: dict[str, Any] | None = Field(None, description="Method and its settings, as in a Run.")
    base: str = Field("minilm", description="Backbone of a Run.")
    pooling: Literal["native", "mean", "first", "last"] = Field("native", description="Pooling of a Run.")
    training: TrainingConfig = Field(TrainingConfig(), description="Training of a Run.")

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if sum((self.baseline is not None, bool(self.vote_of), bool(self.sum_of), self.method is not None)) != 1:
            raise ValueError("needs exactly one of baseline, vote_of, sum_of and method")
        return self

    @property
    def is_made_of_others(self) -> bool:
        """Whether it learns nothing itself: a vote or a sum."""
        return bool(self.vote_of or self.sum_of)


class LeaveOneOut(_Part):
    """A study that tests every contestant on what it never trained on."""

    study: Literal["leave-one-out"] = Field(description="Kind of study.")
    hold_out: Literal["family", "generator"] = Field("family", description="What is left out in turn.")
    held: tuple[str, ...] = Field((), description="Families or generators to hold out; none takes every one.")
    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1, description="Each is a whole repetition.")
    target_fpr: float = Field(0.01, gt=0, lt=1, description="Of the threshold that is fixed beforehand.")
    texts: StudyTexts = StudyTexts()
    corpora: tuple[StudyCorpus, ...] = Field(min_length=2, description="What is trained and tested on.")
    contestants: dict[str, Contestant] = Field(min_length=1, description="By name.")

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        names = [corpus.name for corpus in self.corpora]
        if len(set(names)) != len(names):
            raise ValueError(f"two corpora have one name ({sorted(names)})")
        learners = {name for name, contestant in self.contestants.items() if not contestant.is_made_of_others}
        for name, contestant in self.contestants.items():
            if strange := sorted({*contestant.vote_of, *contestant.sum_of} - learners):
                does = "adds the scores" if contestant.sum_of else "counts the votes"
                raise ValueError(f"{name} {does} of {strange}; expected some of {sorted(learners)}")
        return self

    @property
    def families(self) -> tuple[str, ...]:
        """The families, in the order in which the corpora are named."""
        return tuple(dict.fromkeys(corpus.family for corpus in self.corpora))
