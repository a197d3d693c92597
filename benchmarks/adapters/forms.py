"""Other ways to give each row its own low-rank change, to be timed against the one that is used; and FLoRA's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import nn

from tain.methods.method import is_head
from tain.methods.mixed.adapter import Adapter, LinearChange
from tain.models import Backbone, collate, logits_of


class GatheredForm:
    """A and B of every row gathered to two stacks, and two batched products: (n, t, d) (n, d, r) (n, r, d_out)."""

    def __init__(self, adapters: Sequence[Adapter], name: str) -> None:
        """Stack the adapters of one layer, as a server with fixed places for adapters would keep them."""
        changes = [change for adapter in adapters if isinstance(change := adapter.changes[name], LinearChange)]
        self.down = torch.stack([change.down.t() for change in changes])
        self.up = torch.stack([change.up.t() for change in changes])

    def add_to(self, y: torch.Tensor, x: torch.Tensor, owners: torch.Tensor) -> None:
        """Add each row's change; shapes (n_rows, n_tokens, d)."""
        y.baddbmm_(torch.bmm(x, self.down[owners].mT), self.up[owners].mT)


class StackedForm:
    """All A as one matrix (n_adapters r, d): one product, a mask that leaves each row its own ranks, one product."""

    def __init__(self, adapters: Sequence[Adapter], name: str) -> None:
        """Stack the adapters of one layer."""
        changes = [change for adapter in adapters if isinstance(change := adapter.changes[name], LinearChange)]
        self.down = torch.cat([change.down for change in changes], dim=1)
        self.up = torch.cat([change.up for change in changes])
        self.mask = torch.block_diag(*(torch.ones(1, len(change.up)) for change in changes))

    def add_to(self, y: torch.Tensor, x: torch.Tensor, owners: torch.Tensor) -> None:
        """Add each row's change; shapes (n_rows, n_tokens, d)."""
        thin = (x @ self.down).mul_(self.mask[owners][:, None])
        y.view(-1, y.shape[-1]).addmm_(thin.flatten(0, 1), self.up)


class FormNetwork:
    """A backbone read with one of the forms above."""

    def __init__(
        self,
        backbone: Backbone,
        adapters: Sequence[Adapter],
        form: Callable[[Sequence[Adapter], str], GatheredForm | StackedForm],
    ) -> None:
        """Stack everything, and listen to every layer that an adapter changes."""
        self.backbone = backbone
        self.owners = torch.empty(0, dtype=torch.int64)
        for name, layer in backbone.model.named_modules():
            if isinstance(layer, nn.Linear) and not is_head(name) and name in adapters[0].changes:
                layer.register_forward_hook(partial(self._after, form(adapters, name)))
        heads = [adapter.head for adapter in adapters]
        self.weight = torch.stack([head.weight for head in heads])
        self.bias = torch.stack([head.bias for head in heads])
        backbone.model.classifier.register_forward_hook(self._answer)

    def _after(
        self,
        form: GatheredForm | StackedForm,
        layer: nn.Module,
        args: tuple[torch.Tensor, ...],
        y: torch.Tensor,
    ) -> None:
        form.add_to(y, args[0], self.owners)

    def _answer(self, head: nn.Module, args: tuple[torch.Tensor, ...], y: torch.Tensor) -> torch.Tensor:
        own = torch.bmm(self.weight[self.owners], args[0][:, :, None])[:, :, 0]
        return own + self.bias[self.owners]

    def logits(self, rows: Sequence[Sequence[int]], owners: Sequence[int]) -> torch.Tensor:
        """The logits of one batch, each row by the adapter that owns it."""
        self.owners = torch.tensor(owners)
        with torch.inference_mode():
            return logits_of(self.backbone.model, collate(rows, pad_id=self.backbone.tokenizer.pad_token_id))


def flora(x: torch.Tensor, weight: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """FLoRA's layer, y = sum over ranks of b ∘ (W (a ∘ x)): the change multiplies the weight, and is no LoRA.

    Args:
        x: Shape (n_rows, n_tokens, d_in).
        weight: Shape (d_out, d_in).
        a: Of each row, shape (n_rows, r, d_in).
        b: Of each row, shape (n_rows, r, d_out).
    """
    y = b[:, :1] * nn.functional.linear(a[:, :1] * x, weight)
    for rank in range(1, a.shape[1]):
        y.addcmul_(b[:, rank : rank + 1], nn.functional.linear(a[:, rank : rank + 1] * x, weight))
    return y
