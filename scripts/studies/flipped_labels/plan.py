"""What the study of flipped labels looks at: its tasks, ranks, seeds and how the classifiers are trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tain.recipes.studies.tuning.configuration import TuningTask
from tain.training.config import TrainingConfig

FLIPPED_SHARE = 0.2
RANKS, SEEDS = (4, 1, 8), (0, 1, 2)
RETRAINED_RANK = 4
"""The rank at which classifiers are trained again without the suspects."""
ESTIMATORS = ("datainf", "hessian_free", "scaled_hessian_free", "lissa", "exact")
"""Those of the trained model's gradients; tracin and representation look at something else."""
REMOVED_BY = ("datainf", "representation", "combined")
"""The rankings whose suspects are left out of a second training."""
MAX_TEST = 600
TIMED_SEED = 0
"""The seed whose cells also time the plain loops."""


@dataclass(frozen=True)
class Task:
    """A corpus of the study.

    Attributes:
        name: For the tables.
        file: Inside the data folder.
        size: Training texts.
        n_valid: Clean texts whose loss is looked at.
        settings: How the file is read, as in a study of tuning.
    """

    name: str
    file: str
    size: int
    n_valid: int
    settings: dict[str, Any] = field(hash=False)

    def reader(self, data: str) -> TuningTask:
        """The task as studies of tuning read it."""
        values = {"name": self.name, "file": f"{data}/{self.file}", "max_valid": self.n_valid, "max_test": MAX_TEST}
        return TuningTask.model_validate(values | {"max_tokens": 72} | self.settings)


TASKS = (
    Task("SST-2", "tasks/sst2.parquet", 800, 120, {"splits": {"train": "train", "valid": "dev", "test": "test"}}),
    Task("MR", "tasks/mr.parquet", 480, 120, {"splits": {"train": "train", "test": "dev"}}),
    Task(
        "GPTID (Reddit)",
        "train/gptid_reddit_davinci.parquet",
        240,
        120,
        {"group_column": "pair_id", "labels": ("human", "ai"), "n_words": 40, "test_share": 0.3},
    ),
)


@dataclass(frozen=True)
class Cell:
    """One training on flipped labels, and what is asked of it."""

    task: Task
    rank: int
    seed: int

    @property
    def name(self) -> str:
        """Of its files."""
        plain = "".join(sign for sign in self.task.name.lower() if sign.isalnum())
        return f"{plain}-r{self.rank}-s{self.seed}"

    def method(self) -> dict[str, Any]:
        """LoRA as DataInf's authors use it: on the values alone, alpha equal to the rank."""
        return {"kind": "lora", "rank": self.rank, "alpha": float(self.rank), "targets": ("value",)}


def training(n_steps: int) -> TrainingConfig:
    """Settings of every training of the study.

    Args:
        n_steps: About how many there will be, so that one checkpoint falls inside: the second of TracIn's.
    """
    return TrainingConfig(
        lr=LR,
        n_epochs=N_EPOCHS,
        batch_tokens=BATCH_TOKENS,
        class_weights="none",
        dtype="float32",
        threads=1,
        n_evaluations=1,
        checkpoint_every=max(1, round(0.6 * n_steps)),
        keep_checkpoints=2,
    )


LR, N_EPOCHS, BATCH_TOKENS = 3e-3, 2.0, 256


def cells() -> list[Cell]:
    """All cells, so ordered that what is done is a whole study of fewer seeds or ranks."""
    return [Cell(task, rank, seed) for seed in SEEDS for rank in RANKS for task in TASKS]
