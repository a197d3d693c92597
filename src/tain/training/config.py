"""Settings of a training."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TrainingConfig(BaseModel):
    """What the engine is told. Defaults suit LoRA on a small encoder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lr: float = Field(1e-3, gt=0, description="Peak learning rate of what the method trains.")
    head_lr: float | None = Field(None, gt=0, description="Peak learning rate of the head; none takes lr.")
    n_epochs: float = Field(2.0, gt=0, description="Passes over the training texts; may be a fraction.")
    batch_tokens: int = Field(4096, ge=16, description="Tokens of a batch, padding included.")
    accumulate: int = Field(1, ge=1, description="Batches per optimiser step.")
    warmup_share: float = Field(0.06, ge=0, lt=1, description="Share of the steps over which the rate rises.")
    weight_decay: float = Field(0.0, ge=0, description="Decoupled weight decay.")
    attention_dropout: float = Field(0.0, ge=0, lt=1, description="Share of the network's attention weights dropped.")
    hidden_dropout: float = Field(0.0, ge=0, lt=1, description="Share of the network's hidden states dropped.")
    clip_norm: float = Field(1.0, gt=0, description="Largest gradient norm let through.")
    class_weights: Literal["none", "balanced"] = Field("balanced", description="Weigh classes to equal sums.")
    domain_weights: Literal["none", "sqrt", "balanced"] = Field(
        "none", description="Weigh each domain's share in its class: as it is, by square root, or to equal sums."
    )
    label_smoothing: float = Field(0.0, ge=0, lt=0.5, description="Share of certainty given to the other classes.")
    distil_weight: float = Field(
        0.0, ge=0, le=1, description="Share of the loss that follows corpus.teacher; the rest follows the labels."
    )
    distil_temperature: float = Field(2.0, gt=0, description="Softens teacher and student alike.")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Precision of the forward pass; auto takes bfloat16 where the processor has it."
    )
    attention: Literal["padded", "varlen"] = Field(
        "padded",
        description="How attention reads a batch; varlen leaves its padding out, by FlashAttention: CUDA and bfloat16.",
    )
    gradient_checkpointing: bool = Field(
        False, description="Compute each block again on the way back: far less memory, half as much time again."
    )
    threads: int | None = Field(None, ge=1, description="Threads of torch; none counts idle cores once, at the start.")
    n_evaluations: int = Field(8, ge=1, description="Times the validation texts are scored.")
    target_fpr: float = Field(0.01, gt=0, lt=1, description="FPR at which checkpoints are compared by TPR.")
    patience: int | None = Field(None, ge=1, description="Evaluations without gain before it stops; none never stops.")
    average_from: float | None = Field(
        None, ge=0, lt=1, description="Also judge the average of weights since this share of the steps."
    )
    checkpoint_every: int = Field(50, ge=1, description="Optimiser steps between checkpoints.")
    keep_checkpoints: int = Field(2, ge=1, description="Checkpoints kept.")
    guard_factor: float = Field(4.0, gt=1, description="Loss over its recent median that counts as diverged.")
    max_rollbacks: int = Field(3, ge=0, description="Times a diverged training goes back at half the rate.")
    report_to: Literal["none", "tensorboard", "mlflow", "trackio", "wandb"] = Field("none", description="Tracker.")
