"""From one vector per token to one vector per text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Pooling = Literal["native", "mean", "first", "last"]


def pool(hidden: torch.Tensor, mask: torch.Tensor, pooling: Pooling) -> torch.Tensor:
    """One vector per text, whatever side the padding is on.

    Args:
        hidden: Token states, shape (n_texts, n_tokens, d).
        mask: 1 for real tokens, 0 for padding, shape (n_texts, n_tokens).
        pooling: `mean` over the real tokens, or the `first` or `last` of them.

    Returns:
        Shape (n_texts, d).
    """
    if pooling == "mean":
        weight = mask.to(hidden.dtype).unsqueeze(-1)
        return (hidden * weight).sum(1) / weight.sum(1).clamp_min(1)
    position = torch.arange(mask.shape[1], device=mask.device)
    is_first = pooling == "first"
    chosen = (position + mask.shape[1] * (mask == 0)).argmin(1) if is_first else (position * mask).argmax(1)
    return hidden[torch.arange(hidden.shape[0], device=hidden.device), chosen]


class _PooledForward(nn.Module):
    """Runs the network, pools, and applies the head that was there before."""

    pooling: Pooling
    base_model: nn.Module

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        position_ids: torch.Tensor | None = None,
        **_: object,
    ) -> object:
        """Logits of shape (n_texts, n_labels), wrapped as transformers wraps them."""
        from transformers.modeling_outputs import SequenceClassifierOutput

        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        hidden = self.base_model(input_ids=input_ids, attention_mask=mask, position_ids=position_ids)
        pooled = pool(hidden.last_hidden_state, mask, self.pooling)
        head = next(
            module for name in ("classifier", "score") if isinstance(module := getattr(self, name, None), nn.Module)
        )
        # Heads such as RoBERTa's take the whole sequence and pick its first token.
        return SequenceClassifierOutput(logits=head(pooled if _is_linear(head) else pooled.unsqueeze(1)))


def with_pooling(model: PreTrainedModel, pooling: Pooling) -> PreTrainedModel:
    """The model with its pooling replaced; names of modules and weights stay as they are.

    Args:
        model: A transformers sequence-classification model.
        pooling: `native` leaves it alone.
    """
    if pooling != "native":
        cls = type(model)
        model.__class__ = type(f"{pooling.title()}Pooled{cls.__name__}", (_PooledForward, cls), {"pooling": pooling})
    return model


def _is_linear(head: nn.Module) -> bool:
    # peft wraps the head; what it wraps is in original_module.
    return isinstance(getattr(head, "original_module", head), nn.Linear)
