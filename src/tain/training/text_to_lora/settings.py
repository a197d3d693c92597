"""Settings of the training of adapters, and of the network that writes them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class StepSettings(BaseModel):
    """What both ways of training have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_steps: int = Field(1000, ge=1, description="Optimiser steps.")
    lr: float = Field(1e-3, gt=0, description="Peak learning rate.")
    tasks_per_step: int | None = Field(None, ge=1, description="Tasks drawn for each step; none takes all.")
    warmup_share: float = Field(0.1, ge=0, lt=1, description="Share of the steps over which the rate rises.")
    weight_decay: float = Field(0.01, ge=0, description="Decoupled weight decay.")
    clip_norm: float = Field(1.0, gt=0, description="Largest gradient norm let through.")
    checkpoint_every: int = Field(100, ge=1, description="Optimiser steps between checkpoints.")


class SupervisedSettings(StepSettings):
    """Training on texts: the loss of the adapted network reaches what wrote or holds the adapters."""

    tasks_per_step: int | None = Field(8, ge=1, description="Tasks drawn for each step; none takes all.")
    texts_per_task: int = Field(4, ge=2, description="Texts of each of them, half of them of either answer.")
    label_smoothing: float = Field(0.1, ge=0, lt=0.5, description="Share of certainty given to the other answer.")
    penalty: float = Field(1e-3, ge=0, description="Weight of the mean squares of A and of B in the loss.")
    keep_frozen: bool = Field(
        False,
        description="Keep in memory what the blocks below the lowest adapted one make of each text: less work, "
        "4 bytes x tokens x width of memory.",
    )


class ReconstructionSettings(StepSettings):
    """Training on trained adapters: what is written is held against them, number by number."""

    tasks_per_step: int | None = Field(4, ge=1, description="Tasks drawn for each step; none takes all.")
