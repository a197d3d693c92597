"""Attention for training in bfloat16 on a processor: plain products, as torch's fused kernel is slow on the way back.

    O = P V,  P = softmax(s Q Kᵀ + mask);    dV = Pᵀ dO,  dP = dO Vᵀ,  dS = P (dP - Σ P dP),  dQ = s dS K,  dK = s dSᵀ Q

P is kept, in bfloat16: n_heads x length numbers a token, where the fused kernel keeps none. Of 256 tokens the way back
takes 8.5 ms in place of 23, of 24 tokens 1.9 in place of 14.6 (torch 2.13, a core of an AMD EPYC with AVX512-BF16;
docs/log.md). Registered with transformers by name, so that every architecture whose attention can be chosen has it;
T5 adds a bias of its own to the scores, and stays with torch's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask
from transformers.modeling_utils import AttentionInterface

NAME = "tain_half"
MAX_LENGTH = 1024  # above it P would be the largest thing in memory


class HalfAttention(torch.autograd.Function):
    """Attention of heads, all tensors (n_texts, n_heads, length, width of a head)."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 (torch's)
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,
        scale: float,
    ) -> Tensor:
        """The mask is true where a token is looked at, and goes into (n_texts, n_heads, length, length)."""
        with torch.autocast("cpu", enabled=False):
            scores = (query @ key.transpose(-1, -2)).mul_(scale)
            if mask is not None:
                scores.masked_fill_(~mask, torch.finfo(scores.dtype).min)
            shares = torch.softmax(scores, dim=-1)
            ctx.save_for_backward(query, key, value, shares)
            ctx.scale = scale
            return shares @ value

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401 (torch's)
        """The gradients of query, key and value."""
        query, key, value, shares = ctx.saved_tensors
        of_shares = gradients[0] @ value.transpose(-1, -2)
        of_scores = torch._softmax_backward_data(of_shares, shares, -1, shares.dtype).mul_(ctx.scale)
        return of_scores @ key, of_scores.transpose(-1, -2) @ query, shares.transpose(-1, -2) @ gradients[0], None, None


def half_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **settings: Any,  # noqa: ANN401 (transformers')
) -> tuple[Tensor, None]:
    """What transformers calls for attention; everything but training in bfloat16 goes to torch's own.

    Returns:
        Shape (n_texts, length, n_heads, width of a head), and no attention weights.
    """
    if torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16:
        # Rotary positions leave float32 behind; torch's own attention would cast them here too.
        query, key, value = (each.to(torch.bfloat16) for each in (query, key, value))
    is_known = attention_mask is None or attention_mask.dtype == torch.bool
    if dropout or not is_known or settings.get("position_bias") is not None or not _fits(query, key, value):
        answer: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, is_causal, **settings
        )
        return answer
    looks_back = getattr(module, "is_causal", False) if is_causal is None else is_causal
    if attention_mask is None and looks_back:
        attention_mask = torch.ones(query.shape[2], key.shape[2], dtype=torch.bool).tril()
    n_shared = query.shape[1] // key.shape[1]
    found: Tensor = HalfAttention.apply(  # type: ignore[no-untyped-call]
        query,
        repeat_kv(key, n_shared),
        repeat_kv(value, n_shared),
        attention_mask,
        query.shape[-1] ** -0.5 if scaling is None else scaling,
    )
    return found.transpose(1, 2).contiguous(), None


def _fits(*tensors: Tensor) -> bool:
    is_half = all(each.dtype == torch.bfloat16 and each.device.type == "cpu" for each in tensors)
    learns = torch.is_grad_enabled() and any(each.requires_grad for each in tensors)
    return is_half and learns and max(each.shape[2] for each in tensors) <= MAX_LENGTH


def use_half_attention(model: PreTrainedModel) -> None:
    """Have a model's attention taken this way while it trains, where its architecture lets it be chosen.

    Args:
        model: Changed in memory; nothing of it is saved.
    """
    if model.config._attn_implementation == "sdpa":
        AttentionInterface.register(NAME, half_attention)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        model.set_attn_implementation(NAME)


def leave_half_attention(model: PreTrainedModel) -> None:
    """Give a model its own attention back, so that it can be pickled and read where nobody registered ours.

    Args:
        model: Changed in memory.
    """
    if model.config._attn_implementation == NAME:
        model.set_attn_implementation("sdpa")
