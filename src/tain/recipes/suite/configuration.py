"""What a suite is made from: one TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tain.core.errors import ConfigError
from tain.methods.text_to_lora import HypernetworkSettings
from tain.recipes.toml_file import read_toml
from tain.training.text_to_lora import ReconstructionSettings, SupervisedSettings


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SuiteTask(_Part):
    """A question about a text that is answered by yes or no, and several ways to ask it."""

    name: str = Field(min_length=1, description="For tables.")
    file: str = Field(description="JSONL, CSV or Parquet.")
    text_column: str = Field("text", description="Column of the text.")
    label_column: str = Field("label", description="Column of the label.")
    yes: tuple[str, ...] = Field(min_length=1, description="Labels that mean yes.")
    no: tuple[str, ...] = Field(
        (),
        description="Labels that mean no; none takes all others, but for a training task those of held-out tasks of "
        "the same file.",
    )
    descriptions: tuple[str, ...] = Field(min_length=1, description="Different wordings of the question.")
    held_out: bool = Field(False, description="Never trained on: what the network writes for it is only measured.")

    @model_validator(mode="after")
    def _answers_differ(self) -> Self:
        if both := sorted({*self.yes} & {*self.no}):
            raise ValueError(f"{both} mean both yes and no")
        if any(not each.strip() for each in self.descriptions) or len({*self.descriptions}) < len(self.descriptions):
            raise ValueError("two descriptions are the same, or one is empty")
        return self


class SuiteTexts(_Part):
    """How many texts of each task are used, and how they are cut."""

    n_train: int = Field(200, ge=2, description="Most training texts of each task, half of either answer.")
    n_test: int = Field(200, ge=2, description="Most test texts of each task, half of either answer.")
    test_share: float = Field(
        0.4, gt=0, lt=1, description="Share of texts kept for tests; one text is on the same side in all tasks."
    )
    max_tokens: int = Field(64, ge=4, description="Longer texts are cut.")


class Suite(_Part):
    """Tasks, the network that is adapted, and the network that writes adapters."""

    name: str = Field("suite", description="For people.")
    base: str = Field("minilm", description="Preset, folder or Hub id of the network that is adapted.")
    pooling: Literal["native", "mean", "first", "last"] = Field("mean", description="From token states to one vector.")
    encoder: str = Field("minilm", description="Preset, folder or Hub id of what reads descriptions, mean pooled.")
    seed: int = Field(0, ge=0, description="Seed of everything drawn.")
    n_held_descriptions: int = Field(
        0, ge=0, description="Last descriptions of each training task that are never trained on, only measured."
    )
    random_descriptions: tuple[str, ...] = Field(
        (), description="Descriptions of no task, as a control: what the network writes for them is measured too."
    )
    learn_from: Literal["texts", "adapters"] = Field(
        "texts", description="Supervised training on texts, or reconstruction of one trained adapter per task."
    )
    texts: SuiteTexts = SuiteTexts()
    hypernetwork: HypernetworkSettings = HypernetworkSettings()
    supervised: SupervisedSettings = SupervisedSettings()
    oracles: SupervisedSettings = Field(
        SupervisedSettings(n_steps=300, tasks_per_step=None, lr=3e-3, label_smoothing=0.0, penalty=0.0),
        description="Training of one adapter per task.",
    )
    reconstruction: ReconstructionSettings = ReconstructionSettings()
    tasks: tuple[SuiteTask, ...] = Field(min_length=2, description="What is learnt from and measured.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        names = [task.name for task in self.tasks]
        if len({*names}) < len(names):
            raise ValueError(f"two tasks have one name ({sorted(names)})")
        if sum(not task.held_out for task in self.tasks) < 2:
            raise ValueError("fewer than two tasks are trained on; give more, or hold out fewer")
        for task in self.tasks:
            if not task.held_out and len(task.descriptions) <= self.n_held_descriptions:
                raise ValueError(f"{task.name} has {len(task.descriptions)} descriptions, none left to train on")
        return self


def read_suite(file: Path) -> Suite:
    """The settings of a suite.

    Args:
        file: TOML.

    Raises:
        ConfigError: If it cannot be read, or a setting is unknown or impossible; all problems at once.
    """
    return suite_of(read_toml(file, where=str(file)), where=str(file))


def suite_of(values: dict[str, Any], *, where: str) -> Suite:
    """The settings of a suite from plain values.

    Args:
        values: As TOML or JSON has them.
        where: How messages name their place.

    Raises:
        ConfigError: If a setting is unknown or impossible; all problems at once.
    """
    try:
        return Suite.model_validate(values)
    except ValidationError as error:
        lines = (f"{where}: {'.'.join(map(str, each['loc'])) or 'suite'}: {each['msg']}." for each in error.errors())
        raise ConfigError("\n".join(lines)) from error
