"""What the head reads of each text, computed once: where nothing under the head trains, no pass has to read again.

They are computed before the first step, in an order that no seed changes, so that a resumed training has the same bits.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from tain.core.progress import Advance
from tain.methods.method import is_head, trainable
from tain.models import collate
from tain.models.batch import by_length
from tain.training.config import TrainingConfig
from tain.training.processes import ALONE, Processes
from tain.training.store import TokenStore

MAX_BYTES = 2 * 2**30
BATCH_TOKENS = 2048


class PooledStates:
    """Of the texts of one store, float32 of shape (n_texts, width)."""

    def __init__(self, model: nn.Module, head: nn.Module, store: TokenStore, *, width: int, pad_id: int) -> None:
        """Nothing is computed yet.

        Args:
            model: The whole network.
            head: The part of it that trains; it is given one vector for each text.
            store: The texts.
            width: Of that vector.
            pad_id: Id that fills short rows up.
        """
        self._model, self._head, self._store, self._pad_id = model, head, store, pad_id
        self._width, self._states = width, torch.empty(0)

    @property
    def is_filled(self) -> bool:
        """Whether they are computed."""
        return len(self._states) > 0

    def fill(self, advance: Advance, processes: Processes = ALONE) -> None:
        """Read every text once.

        Args:
            advance: Told the tokens of each batch.
            processes: Those that share the reading.
        """
        device = next(self._model.parameters()).device
        lengths = self._store.lengths.tolist()
        self._model.eval()
        states = torch.zeros(len(lengths), self._width, device=device)
        batches = list(by_length(lengths, batch_tokens=BATCH_TOKENS))
        for chosen in batches[processes.rank :: processes.n]:
            batch = collate([self._store[index] for index in chosen], pad_id=self._pad_id)
            found = _head_input(self._model, self._head, {key: value.to(device) for key, value in batch.items()})
            states[chosen] = found.float()
            advance(sum(lengths[index] for index in chosen))
        self._states = processes.sum(states)

    def logits(self, rows: np.ndarray) -> torch.Tensor:
        """What the head makes of some of the texts, float32 of shape (n_rows, n_labels).

        Args:
            rows: Of the store.
        """
        logits: torch.Tensor = self._head(self._states[torch.from_numpy(rows)])
        return logits.float()


def pooled_states(
    model: nn.Module, stores: list[TokenStore], config: TrainingConfig, *, pad_id: int
) -> list[PooledStates]:
    """Of each store; none where a text's states change from pass to pass, or do not fit.

    Args:
        model: Prepared for training.
        stores: Of texts.
        config: Dropout in the network changes states.
        pad_id: Id that fills short rows up.
    """
    names = list(trainable(model))
    if config.attention_dropout or config.hidden_dropout or not names or not all(map(is_head, names)):
        return []
    head = _head(model, names[0])
    ids = torch.from_numpy(stores[0][0][None].astype(np.int64))
    device = next(model.parameters()).device
    one = _head_input(model, head, {"input_ids": ids.to(device), "attention_mask": torch.ones_like(ids).to(device)})
    if one.dim() != 2 or sum(map(len, stores)) * one.shape[1] * 4 > MAX_BYTES:
        return []  # such a head reads every token's state
    return [PooledStates(model, head, store, width=one.shape[1], pad_id=pad_id) for store in stores]


def _head(model: nn.Module, parameter: str) -> nn.Module:
    parts = parameter.split(".")
    depth = next(index for index, part in enumerate(parts) if is_head(part))
    return model.get_submodule(".".join(parts[: depth + 1]))


def _head_input(model: nn.Module, head: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    given: list[torch.Tensor] = []
    hook = head.register_forward_pre_hook(lambda _, values: given.append(values[0]))
    try:
        with torch.no_grad():
            model(**batch)
    finally:
        hook.remove()
    return given[0]
