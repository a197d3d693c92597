"""One training of a study: its settings, and the folder that they name."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tain.core.files import read_json, whole_file
from tain.evaluation.hashed_tfidf import NGRAM_BLOCKS
from tain.recipes.studies.tuning.measures import Predictions
from tain.recipes.tokenised import NGRAM_MODELS
from tain.training.config import TrainingConfig

FORMAT = 2
SETTINGS, COST, MODEL, RUN, TOKENS = "settings.json", "cost.json", "model", "run", "tokens"
TRAIN, VALID, TEST = "train.parquet", "valid.parquet", "test.parquet"
LOGIT = "logit_"


@dataclass(frozen=True)
class Cell:
    """What is trained on what.

    Attributes:
        task: Name of the task, for the folder's name.
        data: All that decides which texts there are, the hash of the file among it.
        labels: The classes.
        base: Backbone; empty for a classical model.
        weights: What the backbone is known by, wherever it lies.
        pooling: Of the backbone.
        method: Its kind and all its settings; of a classical model, `{"baseline": NAME}`.
        training: Settings of the training; None for a classical model.
        max_tokens: Longest row.
        size: Number of training texts.
        seed: Draws texts, head, batches and what the method draws.
        teacher: The training whose logits it learns from; None without one.
    """

    task: str
    data: dict[str, Any]
    labels: tuple[str, ...]
    base: str
    weights: str
    pooling: str
    method: dict[str, Any]
    training: TrainingConfig | None
    max_tokens: int
    size: int
    seed: int
    teacher: Cell | None = None

    @property
    def is_classical(self) -> bool:
        """Whether it trains no network."""
        return self.training is None

    @property
    def _counts_ngrams(self) -> bool:
        return str(self.method.get("baseline", "")).startswith(NGRAM_MODELS)

    def settings(self) -> dict[str, Any]:
        """All that decides the result.

        A method's settings are there in full, so that it does not matter whether a default was written out. Training
        settings at their default are left out, so that a tain that has more of them still finds the cell.
        """
        training = self.training.model_dump(mode="json", exclude_defaults=True) if self.training else None
        own = ("data", "labels", "pooling", "method", "max_tokens", "size", "seed")
        found: dict[str, Any] = {"format": FORMAT, "training": training, "base": self.weights} | {
            name: getattr(self, name) for name in own
        }
        found |= {"teacher": self.teacher.settings()} if self.teacher else {}
        found |= {"ngram_blocks": list(NGRAM_BLOCKS)} if self._counts_ngrams else {}
        plain: dict[str, Any] = json.loads(json.dumps(found))
        return plain

    @property
    def name(self) -> str:
        """Of the folder: what a person looks for, and a hash of every setting."""
        digest = hashlib.sha256(json.dumps(self.settings(), sort_keys=True).encode()).hexdigest()[:12]
        kind = self.method.get("baseline") or self.method.get("kind", "lora")
        rate = f"lr{self.training.lr:g}" if self.training else ""
        parts = (self.task, kind, f"n{self.size}", rate, f"seed{self.seed}", digest)
        return re.sub(r"[^\w.+-]+", "-", "-".join(part for part in parts if part))


@dataclass(frozen=True)
class CellFolder:
    """What is there of a cell.

    `settings.json` says what it is; `valid.parquet` and, last, `cost.json` are there once it is trained,
    `test.parquet` once it is tested and, where others learn from it, `train.parquet`, which says what it thinks of its
    training texts; `model/` lies there in between.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def is_trained(self) -> bool:
        """Whether the training has ended, well or by divergence."""
        return (self.path / COST).is_file()

    @property
    def is_tested(self) -> bool:
        """Whether the test texts were scored."""
        return self.is_trained and (self.path / TEST).is_file()

    @property
    def has_model(self) -> bool:
        """Whether there is a model to score with."""
        return (self.path / MODEL).is_dir()

    @property
    def has_diverged(self) -> bool:
        """Whether the training ended without a model."""
        return self.is_trained and self.cost()["diverged"] is not None

    def cost(self) -> dict[str, Any]:
        """What the training took; see `training.py`."""
        cost: dict[str, Any] = read_json(self.path / COST)
        return cost

    def predictions(self, part: str) -> Predictions:
        """What was said of a part.

        Args:
            part: `TRAIN`, `VALID` or `TEST`.
        """
        frame = pl.read_parquet(self.path / part)
        columns = [name for name in frame.columns if name.startswith(LOGIT)]
        logits = frame.select(columns).to_numpy().astype(np.float64)
        groups = frame["group"].rank("dense").to_numpy().astype(np.int64) - 1
        return Predictions(tuple(frame["id"].to_list()), frame["label"].to_numpy().astype(np.int64), logits, groups)

    def keep_predictions(self, part: str, texts: pl.DataFrame, logits: np.typing.NDArray[Any]) -> None:
        """Write what was said of a part.

        Args:
            part: `TRAIN`, `VALID` or `TEST`.
            texts: Its rows.
            logits: Shape (n_rows, n_classes).
        """
        columns = {f"{LOGIT}{index}": column for index, column in enumerate(np.asarray(logits, np.float64).T)}
        with whole_file(self.path / part) as file:
            texts.select("id", "label", "group").with_columns(
                **{k: pl.Series(v) for k, v in columns.items()}
            ).write_parquet(file)
