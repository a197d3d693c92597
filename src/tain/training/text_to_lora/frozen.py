"""What the blocks below the lowest adapted one make of a text: nothing in them changes, so they run but once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from tain.methods.text_to_lora import Place
from tain.methods.text_to_lora.places import BLOCK
from tain.models import TokenIds, collate

FILL_TEXTS = 32


class _Reached(Exception):
    """Raised to end a forward pass at the lowest adapted block."""


class FrozenBlocks:
    """Remembers the states that enter the lowest adapted block, for every text that was asked for.

    Where the network's blocks do not form one list, or hand on more than their states, nothing is skipped.
    """

    def __init__(self, model: nn.Module, places: Sequence[Place]) -> None:
        """Find the blocks.

        Args:
            model: Frozen.
            places: The adapted layers.
        """
        self.model = model
        lists = {place.name[: found.start()] for place in places if (found := BLOCK.search(place.name))}
        named = dict(model.named_modules())
        is_one = len(lists) == 1 and all(BLOCK.search(place.name) for place in places)
        self.blocks: Sequence[nn.Module] = list(named[lists.pop()].children()) if is_one else []
        self.n_skipped = min(place.depth for place in places) if self.blocks else 0
        self._known: dict[bytes, torch.Tensor] = {}

    @contextmanager
    def reused(self, rows: Sequence[TokenIds], batch: dict[str, torch.Tensor]) -> Iterator[None]:
        """Within the block, forward passes over this batch start at the lowest adapted block.

        Args:
            rows: The texts.
            batch: The same, collated.
        """
        keys = [np.asarray(row, dtype=np.int64).tobytes() for row in rows]
        missing = list({key: row for key, row in zip(keys, rows, strict=True) if key not in self._known}.items())
        for start in range(0, len(missing) if self.n_skipped else 0, FILL_TEXTS):
            self._fill(dict(missing[start : start + FILL_TEXTS]))
        if not self.n_skipped:
            yield
            return
        states = nn.utils.rnn.pad_sequence([self._known[key] for key in keys], batch_first=True)
        states = states.to(batch["input_ids"].device)
        with _forwards(self.blocks[: self.n_skipped], lambda *_, **__: states):
            yield

    def _fill(self, rows: dict[bytes, TokenIds]) -> None:
        seen: list[torch.Tensor] = []
        kinds: list[bool] = []

        def look(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            del module
            seen.append(args[0] if args else kwargs["hidden_states"])
            raise _Reached

        def note(module: nn.Module, args: tuple[Any, ...], output: object) -> None:
            del module, args
            kinds.append(isinstance(output, torch.Tensor))

        hooks = [
            self.blocks[self.n_skipped].register_forward_pre_hook(look, with_kwargs=True),
            self.blocks[self.n_skipped - 1].register_forward_hook(note),
        ]
        device = next(self.model.parameters()).device
        batch = {k: v.to(device) for k, v in collate(list(rows.values()), pad_id=0).items()}
        try:
            with torch.no_grad():
                self.model(**batch)
        except _Reached:
            pass
        finally:
            for hook in hooks:
                hook.remove()
        if kinds != [True]:
            self.n_skipped = 0
            return
        for key, row, states in zip(rows, rows.values(), seen[0], strict=True):
            self._known[key] = states[: len(row)].clone()


@contextmanager
def _forwards(blocks: Sequence[nn.Module], forward: Callable[..., torch.Tensor]) -> Iterator[None]:
    # An attribute of the instance stands before the method of its class, and goes without a trace.
    for block in blocks:
        block.forward = forward
    try:
        yield
    finally:
        for block in blocks:
            del block.forward
