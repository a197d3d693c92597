"""Networks of stated shapes with random weights, as folders that transformers loads: timing needs no knowledge."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, LlamaConfig

from tain.models import find_base

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
