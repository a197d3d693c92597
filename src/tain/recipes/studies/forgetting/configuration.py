"""What a study of forgetting is made from: a study of tuning, and tasks that the network could do before."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tain.recipes.studies.tuning.configuration import Tuning, TuningTask

Kind = Literal["probe", "retrieval", "similarity", "choice", "exact_match", "code", "diversity"]
EMBEDDED = ("probe", "retrieval", "similarity")


class Retained(TuningTask):
    """A task that no training sees, read off the frozen network.

    For probe, retrieval and similarity texts are embedded as the mean of the last layer's token states; labels of a
    similarity are numbers. The other kinds are of decoders, which answer or write on with the head for the next word
    that was published, or with the one that `label_words` trained.
    """

    kind: Kind = Field(
        description="probe: accuracy of logistic regression on the embeddings; retrieval: how often the nearest "
        "training text has the label; similarity: Spearman's correlation of cosines with the labels of pairs; choice: "
        "how often the likeliest of the choices that a question ends with is the label; exact_match: how often the "
        "likeliest answer ends with the label's number; code: pass@1 of programs; diversity: different texts among "
        "those drawn, as a share."
    )
    prefix: str = Field("\nThe correct answer is", description="What stands between a question and a choice.")
    n_samples: int = Field(8, ge=2, description="Texts drawn on each prompt, of code and diversity.")
    ks: tuple[int, ...] = Field((1,), min_length=1, description="Each k of pass@k that is told, of code.")
    temperature: float = Field(0.8, gt=0, description="Of what is drawn.")
    top_p: float = Field(0.95, gt=0, le=1, description="Share of the probability that is drawn from.")
    max_new_tokens: int = Field(128, ge=1, description="Longest text that is written.")
    test_column: str = Field("test", description="Column of the program that tests code, defining check.")
    entry_column: str = Field("entry_point", description="Column of the name of the function that check gets.")
    allow_code: bool = Field(False, description="Run programs that a model wrote; see tain.analysis.generations.")
    n_train: int = Field(2000, ge=2, description="Training texts of a probe, and those a retrieval looks among.")
    max_test: int = Field(1000, ge=2, description="Most test texts, drawn with the classes' shares.")
    max_tokens: int = Field(64, ge=4, description="Longer texts are cut.")

    @model_validator(mode="after")
    def _is_of_its_kind(self) -> Self:
        if self.kind == "code" and not self.allow_code:
            raise ValueError(
                f"{self.name} runs programs that a model wrote. They are shut in as far as this system can, with "
                "little time and memory; set allow_code = true where there are no secrets to lose"
            )
        if self.kind == "code" and (most := max(self.ks)) > self.n_samples:
            raise ValueError(f"{self.name} asks for pass@{most} of {self.n_samples} samples; raise n_samples")
        if (self.kind == "similarity") != (self.pair_column is not None):
            raise ValueError(f"{self.name}: a similarity compares pairs and needs pair_column; other kinds have none")
        return self


class Forgetting(BaseModel):
    """The protocol of LoRA Learns Less and Forgets Less, for any backbone.

    Source: Biderman et al. 2024, arXiv:2405.09673. Differs: forgetting is read off embeddings (probes, retrieval,
    similarity) where theirs was accuracy of a language model's answers, so that encoders can be studied; training
    length is the number of training texts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: Literal["forgetting"] = Field(description="Kind of study.")
    learn: Tuning = Field(description="What is learnt, and by whom; a study of tuning, whose models are kept.")
    retain: tuple[Retained, ...] = Field(min_length=1, description="What the network could do before.")

    @field_validator("learn", mode="before")
    @classmethod
    def _is_a_tuning(cls, value: Any) -> Any:  # noqa: ANN401 (whatever the file holds)
        return {"study": "tuning", "keep_models": True, **value} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        names = [task.name for task in self.retain]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"retain has {twice[0]!r} twice; expected each name once")
        if not self.learn.keep_models:
            raise ValueError("learn.keep_models is false, but what a model retains is measured once it is trained")
        if self.learn.baselines:
            raise ValueError(f"learn.baselines has {list(self.learn.baselines)}, which forget nothing; leave them out")
        return self
