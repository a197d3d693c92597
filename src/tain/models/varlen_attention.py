"""Attention on CUDA without padding: torch's FlashAttention for texts of several lengths laid end to end.

Only attention sees the texts so; the products before and after read the padded batch, and sorting by length leaves
little padding. Source: Dao et al. 2022, FlashAttention, arXiv:2205.14135, through `torch.nn.attention.varlen` (torch
2.13, which needs no further package; transformers' `flash_attention_2` needs flash-attn). Registered with transformers
by name, as `half_attention` is; taken only by architectures that transformers calls fit for FlashAttention.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.masking_utils import AttentionMaskInterface, flash_attention_mask
from transformers.modeling_utils import AttentionInterface

from tain.core.errors import ConfigError

NAME = "tain_varlen"
KERNEL = "torch.nn.attention.varlen"
SOFT_CAP = "attn_logit_softcapping"


def varlen_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    is_causal: bool | None = None,
    **settings: Any,  # noqa: ANN401 (transformers')
) -> tuple[Tensor, None]:
    """What transformers calls for attention.

    Args:
        module: The layer, which says whether it looks back only.
        query: Shape (n_texts, n_heads, length, width).
        key: Likewise; may have fewer heads.
        value: As key.
        attention_mask: True where there is a token, shape (n_texts, length); None where there is one everywhere.
        scaling: Of the products; None takes 1 / sqrt(width).
        sliding_window: Tokens that a token sees on each side, itself included; None for all.
        is_causal: Overrides the layer's own.
        settings: What else transformers tells; nothing of it matters here.

    Returns:
        Shape (n_texts, length, n_heads, width), zero where there is no token; and no attention weights.
    """
    n_texts, _, length, _ = query.shape
    if attention_mask is None:
        attention_mask = torch.ones(n_texts, length, dtype=torch.bool, device=query.device)
    is_token = attention_mask.bool()
    ends = torch.nn.functional.pad(is_token.sum(dim=1, dtype=torch.int32).cumsum(0, dtype=torch.int32), (1, 0))
    looks_back = getattr(module, "is_causal", False) if is_causal is None else is_causal
    reach = -1 if sliding_window is None else sliding_window - 1
    queries, keys, values = (_half(each).transpose(1, 2)[is_token] for each in (query, key, value))
    from torch.nn.attention.varlen import varlen_attn

    found = varlen_attn(
        queries, keys, values, ends, ends, length, length,
        scale=scaling, window_size=(reach, 0 if looks_back else reach), enable_gqa=key.shape[1] != query.shape[1],
    )  # fmt: skip
    assert isinstance(found, Tensor), "without return_aux there is nothing else"
    answer = found.new_zeros(n_texts, length, *found.shape[1:])
    answer[is_token] = found
    return answer, None


def require_plain_attention(model: nn.Module) -> None:
    """Return only if the attention of a network can be taken this way; arguments and errors as of the next."""
    if find_spec(KERNEL) is None:
        raise ConfigError("training.attention is 'varlen', which needs torch 2.13. Use 'padded'.")
    for network in _networks(model):
        config = network.config.get_text_config()
        is_plain = network._supports_flash_attn and not getattr(config, SOFT_CAP, None)
        if not is_plain or config._attn_implementation != "sdpa":
            raise ConfigError(
                f"training.attention is 'varlen', which {type(network).__name__} cannot do: its attention does "
                "something of its own to the scores. Use 'padded'."
            )


def use_varlen_attention(model: nn.Module) -> None:
    """Have the attention of a network taken this way while it trains, in half precision on CUDA.

    Args:
        model: Prepared by a method; changed in memory, and nothing of it is saved.

    Raises:
        ConfigError: If torch is too old, or the architecture cannot do it.
    """
    require_plain_attention(model)
    AttentionInterface.register(NAME, varlen_attention)
    AttentionMaskInterface.register(NAME, flash_attention_mask)
    for network in _networks(model):
        network.set_attn_implementation(NAME)


def leave_varlen_attention(model: nn.Module) -> None:
    """Give a network its own attention back.

    Args:
        model: As it was given to `use_varlen_attention`.
    """
    for network in _networks(model):
        if network.config._attn_implementation == NAME:
            network.set_attn_implementation("sdpa")


def _networks(model: nn.Module) -> list[PreTrainedModel]:
    """Of a prepared model the outermost networks of transformers, whatever a method put around them."""
    if isinstance(model, PreTrainedModel):
        return [model]
    return [network for child in model.children() for network in _networks(child)]


def _half(states: Tensor) -> Tensor:
    # Rotary positions leave float32 behind.
    return states if states.dtype in (torch.bfloat16, torch.float16) else states.to(torch.bfloat16)
