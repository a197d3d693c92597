"""One frozen network that reads rows of many adapters at once.

A batch is sorted by adapter, so that the rows of each are one slice. After every layer, and in place, each slice gets
its adapter's low-rank change: two thin products for each adapter and layer beside one large product for the layer.
Ranks, scales and the layers that are changed may differ, as nothing is stacked. benchmarks/adapters measures this form
against stacked and gathered ones and against peft's.

Which rows belong to whom is known to the thread that reads, so a network may be read by several at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tain.core.errors import MethodError
from tain.methods.method import is_head
from tain.methods.mixed.adapter import Adapter
from tain.models import Backbone, TokenIds, collate, logits_of
from tain.models.batch import by_length

Pair = tuple[Adapter, TokenIds]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Whose the rows of a batch are."""

    adapters: tuple[Adapter, ...]
    sizes: tuple[int, ...]  # rows of each

    @property
    def n_rows(self) -> int:
        return sum(self.sizes)

    def require_rows(self, x: torch.Tensor, layer: str) -> None:
        if x.shape[0] != self.n_rows:
            raise MethodError(
                f"{layer} reads {tuple(x.shape)}, not one row for each of {self.n_rows} texts, so rows of several "
                "adapters cannot be told apart in it. Merge the adapter and read with it alone."
            )


_PLAN: ContextVar[_Plan] = ContextVar("plan")


class MixedNetwork:
    """A backbone whose weights are in memory once, whatever the number of adapters.

    Attributes:
        backbone: Frozen; adapters never change a weight of it.
    """

    def __init__(self, backbone: Backbone) -> None:
        """Listen to every layer that an adapter may change.

        Args:
            backbone: In eval mode, unprepared; it is of no other use any more.
        """
        self.backbone = backbone
        table = backbone.model.get_input_embeddings()
        for name, module in backbone.model.named_modules():
            if module is table:
                module.register_forward_hook(partial(_change, name, 0))
            elif isinstance(module, nn.Linear) and not is_head(name):
                module.register_forward_hook(partial(_change, name, module.in_features))
        getattr(backbone.model, backbone.head_name).register_forward_hook(_answer)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.backbone.model.device

    def logits(
        self,
        pairs: Sequence[Pair],
        *,
        batch_tokens: int = 8192,
        advance: Callable[[int], None] | None = None,
    ) -> list[NDArray[np.float32]]:
        """The logits of each row by its own adapter, in the order given. No row depends on its neighbours.

        Args:
            pairs: An adapter and token ids with special tokens.
            batch_tokens: Padded size of a batch.
            advance: Told the number of rows done.

        Returns:
            For each row shape (n_labels of its adapter,).

        Raises:
            MethodError: If a layer of the network does not read row by row.
        """
        out: list[NDArray[np.float32]] = [np.empty(0, dtype=np.float32)] * len(pairs)
        for chosen in by_length([len(row) for _, row in pairs], batch_tokens=batch_tokens):
            chosen.sort(key=lambda index: id(pairs[index][0]))
            adapters = [pairs[index][0] for index in chosen]
            found = self._read([pairs[index][1] for index in chosen], adapters)
            for index, adapter, row in zip(chosen, adapters, found, strict=True):
                out[index] = row[: adapter.n_labels]
            if advance:
                advance(len(chosen))
        return out

    def _read(self, rows: Sequence[TokenIds], adapters: Sequence[Adapter]) -> NDArray[np.float32]:
        batch = collate(rows, pad_id=int(self.backbone.tokenizer.pad_token_id))
        with torch.inference_mode(), _planned(adapters):
            logits = logits_of(self.backbone.model, {key: value.to(self.device) for key, value in batch.items()})
        return logits.cpu().numpy()


@contextmanager
def _planned(adapters: Sequence[Adapter]) -> Iterator[None]:
    groups = [list(own) for _, own in groupby(adapters, key=id)]
    token = _PLAN.set(_Plan(tuple(own[0] for own in groups), tuple(len(own) for own in groups)))
    try:
        yield
    finally:
        _PLAN.reset(token)


def _change(name: str, width: int, layer: nn.Module, args: tuple[torch.Tensor, ...], y: torch.Tensor) -> None:
    """After a layer: each adapter's change of its own rows."""
    del layer
    plan, x = _PLAN.get(), args[0]
    plan.require_rows(x, name)
    flat_x, flat_y = x.reshape(-1, width) if width else x.reshape(-1), y.view(-1, y.shape[-1])
    n = len(flat_y) // plan.n_rows  # of each row
    sizes = [n * size for size in plan.sizes]
    # One split for all, as with short texts the calls cost more than the numbers.
    for adapter, own_x, own_y in zip(
        plan.adapters, flat_x.split_with_sizes(sizes), flat_y.split_with_sizes(sizes), strict=True
    ):
        if (change := adapter.changes.get(name)) is not None:
            change.add_to(own_y, own_x)


def _answer(head: nn.Module, args: tuple[torch.Tensor, ...], y: Any) -> torch.Tensor:  # noqa: ANN401 (thrown away)
    """After the head of the backbone, which nobody wants: each adapter's own; short ones are filled up with zeros."""
    del y
    plan, features = _PLAN.get(), args[0]
    plan.require_rows(features, type(head).__name__)
    most = max(adapter.n_labels for adapter in plan.adapters)
    parts = [
        adapter.head(own) for adapter, own in zip(plan.adapters, features.split_with_sizes(plan.sizes), strict=True)
    ]
    return torch.cat([nn.functional.pad(part, (0, most - part.shape[-1])) for part in parts])
