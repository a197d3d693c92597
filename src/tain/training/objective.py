"""What a training makes small: the loss of some of its texts, by their labels, their teacher or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tain.methods import Method
from tain.models import Backbone, collate, logits_of
from tain.training.batches import row_weights
from tain.training.config import TrainingConfig
from tain.training.distillation import distillation_loss
from tain.training.pooled_states import PooledStates
from tain.training.store import TokenStore

if TYPE_CHECKING:
    from accelerate import Accelerator


class Objective:
    """The loss of one network on one store."""

    def __init__(
        self,
        model: nn.Module,
        backbone: Backbone,
        method: Method[Any],
        store: TokenStore,
        config: TrainingConfig,
        *,
        accelerator: Accelerator,
        multiple: int = 1,
        states: PooledStates | None = None,
    ) -> None:
        """Nothing is computed yet.

        Args:
            model: Prepared for training.
            backbone: What it was made of.
            method: Compares logits with labels, and may add a penalty.
            store: The texts.
            config: How much the teacher counts, and how labels are weighed.
            accelerator: Knows the device and the precision.
            multiple: Batches are as wide as a multiple of it, as `collate` says.
            states: What the head reads of each text, where that never changes.
        """
        self._model, self._backbone, self._method, self._store = model, backbone, method, store
        self._config, self._accelerator, self._states = config, accelerator, states
        self._weights, self._multiple = row_weights(store, config), multiple

    def loss(self, rows: NDArray[np.int64]) -> torch.Tensor:
        """The mean loss of some texts, a scalar; with what the method adds.

        Args:
            rows: Of the store.
        """
        device, store = self._accelerator.device, self._store
        # A text without a label weighs nothing here, so that any class will do.
        targets = torch.from_numpy(store.labels[rows].astype(np.int64).clip(min=0)).to(device)
        weights = torch.from_numpy(self._weights[rows]).to(device)
        logits = self._logits(rows)
        loss = self._method.loss(logits, targets, weights, smoothing=self._config.label_smoothing)
        if share := self._config.distil_weight:
            loss = (1 - share) * loss + share * self._distance(logits, rows, weights)
        penalty = self._method.penalty(self._model)
        return loss if penalty is None else loss + penalty

    def _logits(self, rows: NDArray[np.int64]) -> torch.Tensor:
        with self._accelerator.autocast():
            if self._states and self._states.is_filled:
                return self._states.logits(rows)
            texts = [self._store[i] for i in rows]
            pad_id, limit = self._backbone.tokenizer.pad_token_id, self._backbone.max_tokens
            batch = collate(texts, pad_id=pad_id, multiple=self._multiple, limit=limit)
            return logits_of(self._model, {key: value.to(self._accelerator.device) for key, value in batch.items()})

    def _distance(self, logits: torch.Tensor, rows: NDArray[np.int64], weights: torch.Tensor) -> torch.Tensor:
        teacher = torch.from_numpy(self._store.teacher[rows]).to(logits.device)
        is_labelled = torch.from_numpy(self._store.is_labelled[rows]).to(logits.device)
        weights = torch.where(is_labelled, weights, torch.ones_like(weights))
        return distillation_loss(logits, teacher, weights, temperature=self._config.distil_temperature)
