"""Networks of stated shapes with random weights, which transformers loads, and how fast a device could compute them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, LlamaConfig

from tain.core.example import DETECTION
from tain.methods.method import is_head
from tain.models import find_base, load_backbone

SHAPES = {
    # Llama 3.2 1B but for its vocabulary, which no product of a classifier reads.
    "llama-1b": {
        "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16,
        "num_attention_heads": 32, "num_key_value_heads": 8,
    },
    "llama-tiny": {
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2,
    },
}  # fmt: skip


def find_shape(name: str, folder: Path) -> str:
    """A base that both sides load: MiniLM's own folder, or one made now.

    Args:
        name: `minilm` or a name of the table.
        folder: Where it may be made.
    """
    if name not in SHAPES:
        return str(find_base(name))
    tokenizer = AutoTokenizer.from_pretrained(find_base("minilm"))
    config = LlamaConfig(
        vocab_size=len(tokenizer), max_position_embeddings=2048, pad_token_id=tokenizer.pad_token_id, num_labels=2,
        **SHAPES[name],
    )  # fmt: skip
    torch.manual_seed(0)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder / name)
    tokenizer.save_pretrained(folder / name)
    return str(folder / name)


def n_weights(base: str) -> int:
    """Weights of the matrices that every token is multiplied with."""
    model = load_backbone(base, DETECTION).model
    return sum(
        module.weight.numel()
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and not is_head(name) and "pooler" not in name
    )


def product_flops(device: str, dtype: str, clock: Callable[[], float]) -> float:
    """Operations per second of a large product: what no network can exceed.

    Args:
        device: `cuda` or `cpu`.
        dtype: Of both sides.
        clock: Seconds, when everything asked for is done.
    """
    size = 8192 if device == "cuda" else 1024
    left, right = (torch.randn(size, size, device=device, dtype=getattr(torch, dtype)) for _ in range(2))
    seconds = []
    for _ in range(8):
        start = clock()
        left @ right
        seconds.append(clock() - start)
    return 2 * size**3 / min(seconds)
