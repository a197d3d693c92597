"""Which linear layers of a backbone a method changes."""

from __future__ import annotations

import re

from torch import nn

from tain.core.errors import MethodError
from tain.methods.method import is_head
from tain.models import Backbone

# Names of the projections in the families of transformers: BERT, RoBERTa, DeBERTa, DistilBERT, T5, ModernBERT, Llama,
# Qwen, Mistral, GPT-NeoX, Phi. The feed-forward part is whatever is linear, inside a block and not attention.
ATTENTION = re.compile(r"(^|\.)(self_?attn|attention|self_attention|SelfAttention|attn|Attention)(\.|$)", re.IGNORECASE)
BLOCK = re.compile(r"\.\d+\.")


def target_linears(backbone: Backbone, targets: str | tuple[str, ...]) -> dict[str, nn.Linear]:
    """The linear layers to change, by dotted name; never the head.

    Args:
        backbone: Where to look.
        targets: `all-linear`, `attention`, `mlp`, one name, or several (the last parts of dotted names).

    Raises:
        MethodError: If nothing matches; the linear layers that exist are listed.
    """
    linears = {
        name: layer
        for name, layer in backbone.model.named_modules()
        if isinstance(layer, nn.Linear) and not is_head(name) and not _is_bypassed(name, backbone)
    }
    chosen = {name: layer for name, layer in linears.items() if _is_chosen(name, targets)}
    if not chosen:
        kinds = sorted({name.rsplit(".", 1)[-1] for name in linears})
        raise MethodError(
            f"method.targets is {targets!r}, which matches no linear layer of {backbone.name}. "
            f"Expected all-linear, attention, mlp, or some of {kinds}."
        )
    return chosen


def _is_chosen(name: str, targets: str | tuple[str, ...]) -> bool:
    if targets == "all-linear":
        return True
    if targets == "attention":
        return bool(ATTENTION.search(name) and BLOCK.search(name))
    if targets == "mlp":
        return bool(BLOCK.search(name)) and not ATTENTION.search(name)
    suffixes = (targets,) if isinstance(targets, str) else targets
    return any(name == suffix or name.endswith(f".{suffix}") for suffix in suffixes)


def _is_bypassed(name: str, backbone: Backbone) -> bool:
    # A pooling of ours replaces the network's own, whose weights then reach no score, and what stands between it and
    # the head, as in ModernBERT and DistilBERT.
    if backbone.pooling == "native":
        return False
    return "pooler" in name.split(".") or not name.startswith(f"{backbone.model.base_model_prefix}.")
