"""Causal language models, as they are published: for scores that need no training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from tain.core.errors import ConfigError, DetectorError, sample
from tain.models.backbone import DType, max_tokens_of, quiet_loading
from tain.models.presets import find_base

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PROBE_TOKENS = 4


@dataclass
class CausalModel:
    """A language model that foretells each token from those before it.

    Attributes:
        name: As the user named it.
        model: A transformers model in eval mode.
        tokenizer: Its tokenizer.
        max_tokens: Its context; what goes beyond is not read.
    """

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    max_tokens: int

    def encode(self, texts: Sequence[str], *, max_tokens: int) -> list[tuple[list[int], bool]]:
        """The token ids of each text, and whether the text went on.

        A mark for the beginning stays where the tokenizer puts one, so that the first word has something before it. A
        mark for the end goes: the writer did not write it.

        Args:
            texts: n of them.
            max_tokens: The most ids of one text.
        """
        if not len(texts):
            return []
        special = set(self.tokenizer.all_special_ids)
        rows = self.tokenizer(list(texts), truncation=True, max_length=max_tokens + 2, padding=False)["input_ids"]
        encoded = []
        for row in rows:
            ids = row[:-1] if len(row) > 1 and row[-1] in special else row
            encoded.append((list(ids[:max_tokens]), len(ids) > max_tokens))
        return encoded


def load_causal(
    name: str, *, dtype: DType = "float32", device: str = "cpu", revision: str | None = None
) -> CausalModel:
    """A causal language model with its tokenizer, all weights as published.

    Args:
        name: Preset, folder or Hub id.
        dtype: Precision of the weights in memory.
        device: Where it runs, such as cpu or cuda.
        revision: Hub revision; None takes the newest.

    Raises:
        ConfigError: If the name is no model, or one that reads ahead.
        DetectorError: If the weights cannot be loaded, or lack a part.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    location = find_base(name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            location, revision=revision, trust_remote_code=False, truncation_side="right"
        )
        with quiet_loading():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                location,
                revision=revision,
                dtype=getattr(torch, dtype),
                trust_remote_code=False,
                output_loading_info=True,
            )
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DetectorError(
            f"{name}: cannot be loaded as a causal language model ({reason}). Expected a folder or Hub id of one with "
            "its tokenizer; unset HF_HUB_OFFLINE if it has to be fetched."
        ) from error
    model: PreTrainedModel = loaded[0].to(device).eval()
    if missing := loaded[1]["missing_keys"]:
        raise DetectorError(
            f"{name}: {len(missing)} weights are not in its files, such as {min(missing)}; they would be random. "
            "Name a causal language model."
        )
    _need_causal(model, name=name)
    return CausalModel(name, model, tokenizer, max_tokens_of(model, tokenizer))


@torch.inference_mode()
def reads_ahead(model: nn.Module) -> bool:
    """Whether what a network says of a token depends on later ones, as in encoders.

    Args:
        model: Gives logits or states per token, the first of its outputs.
    """
    ids = torch.arange(PROBE_TOKENS, device=next(model.parameters()).device)[None]
    other = ids.clone()
    other[0, -1] = 0
    mask = torch.ones_like(ids)
    first, second = (model(input_ids=row, attention_mask=mask)[0][0, : PROBE_TOKENS - 1] for row in (ids, other))
    return not torch.allclose(first, second, atol=1e-3)


def _need_causal(model: PreTrainedModel, *, name: str) -> None:
    # An encoder such as BERT loads as a causal model too, and sees the very tokens it is asked to foretell.
    if reads_ahead(model):
        raise ConfigError(
            f"{name} reads tokens that come later, so it is no causal model. Name a decoder such as GPT-2."
        )


def need_one_tokenizer(first: CausalModel, second: CausalModel) -> None:
    """Return only if two models cut texts into the same tokens, as far as their vocabularies tell.

    Args:
        first: One model.
        second: The other.

    Raises:
        ConfigError: If the vocabularies differ, with the first token that does.
    """
    ours, theirs = first.tokenizer.get_vocab(), second.tokenizer.get_vocab()
    if ours != theirs:
        token = min(token for token in ours.keys() | theirs.keys() if ours.get(token) != theirs.get(token))
        raise ConfigError(
            f"{first.name} and {second.name} have different tokenizers: {token!r} is {ours.get(token)} in one and "
            f"{theirs.get(token)} in the other. Name two models of one family."
        )


def need_same_tokens(first: Sequence[int], second: Sequence[int], *, text: str) -> None:
    """Return only if two models cut this text into the same tokens.

    Args:
        first: Ids by one model.
        second: Ids by the other.
        text: The text, for the message.

    Raises:
        ConfigError: If they do not.
    """
    if list(first) != list(second):
        raise ConfigError(
            f"The two models have one vocabulary but cut {sample(text)!r} into different tokens, {len(first)} and "
            f"{len(second)} of them. Name two models of one family."
        )
