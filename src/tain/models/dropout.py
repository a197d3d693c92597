"""Dropout inside a pretrained network: off unless a training asks for it, as it costs 40% of the time on a CPU."""

from __future__ import annotations

import re

from torch import nn

from tain.core.errors import ConfigError

# Where transformers' families keep the dropout of attention weights: as a module inside the attention itself (BERT,
# RoBERTa, DeBERTa, DistilBERT, GPT-2), or as a number that the attention function is given (Llama, Qwen, T5).
ATTENTION_MODULE = re.compile(
    r"(^|\.)(self|attn|self_attn|attention)\.(dropout|pos_dropout|attn_dropout|attn_drop)$|(^|\.)attention_dropout$"
)
NUMBERS = ("attention_dropout", "dropout_prob")
BLOCK = re.compile(r"\.\d+\.")


def set_dropout(model: nn.Module, *, attention: float = 0.0, hidden: float = 0.0) -> None:
    """Set the dropout of a network; that of its head and embeddings is switched off.

    Args:
        model: Changed in place.
        attention: Share of attention weights dropped in training.
        hidden: Share of hidden states dropped in training, inside the blocks.

    Raises:
        ConfigError: If the network has no place for what is asked for, as decoders without dropout have not.
    """
    places = {"attention": 0, "hidden": 0}
    for name, module in model.named_modules():
        if isinstance(module, nn.Dropout):
            kind = "attention" if ATTENTION_MODULE.search(name) else "hidden" if BLOCK.search(name) else "head"
            module.p = {"attention": attention, "hidden": hidden, "head": 0.0}[kind]
            places[kind] = places.get(kind, 0) + 1
        for number in _numbers(module):
            setattr(module, number, attention)
            places["attention"] += 1
    for kind, share in {"attention": attention, "hidden": hidden}.items():
        if share and not places[kind]:
            raise ConfigError(
                f"training.{kind}_dropout is {share}, but {type(model).__name__} has no such dropout. Leave it out."
            )


def copy_dropout(source: nn.Module, target: nn.Module) -> None:
    """Give a network the dropout that another of the same parts has.

    Args:
        source: Left as it is.
        target: Changed in place, where it has a part of the same name.
    """
    places = dict(target.named_modules())
    for name, module in source.named_modules():
        if (own := places.get(name)) is None:
            continue
        if isinstance(module, nn.Dropout) and isinstance(own, nn.Dropout):
            own.p = module.p
        for number in _numbers(module):
            setattr(own, number, getattr(module, number))


def _numbers(module: nn.Module) -> list[str]:
    # T5 calls its attention's share plainly dropout.
    return [name for name in (*NUMBERS, "dropout") if isinstance(getattr(module, name, None), float)]
