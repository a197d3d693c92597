"""A causal language model as a classifier: the log-probabilities of a few words as the next one."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from tain.core.errors import DetectorError
from tain.models.backbone import Backbone
from tain.models.causal import load_causal
from tain.models.dropout import copy_dropout, set_dropout
from tain.models.framing import Frame
from tain.models.transposed import with_plain_linears

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class NextWord(nn.Module):
    """Frame, decoder, and of its answer the few words that count."""

    words: torch.Tensor

    def __init__(self, network: nn.Module, frame: Frame, words: Sequence[int], *, text: str = "") -> None:
        """Put the parts together.

        Args:
            network: A causal language model of transformers.
            frame: Puts the prompt around each text; ends open.
            words: Token id of each label's word.
            text: The prompt for people.
        """
        super().__init__()
        self.network, self.frame, self.text = network, frame, text
        self.register_buffer("words", torch.tensor(list(words), dtype=torch.int64), persistent=False)
        known = inspect.signature(network.forward).parameters
        self._takes_positions = "position_ids" in known  # others reckon them from the mask
        self._options: dict[str, Any] = {"use_cache": False}
        if "logits_to_keep" in known:  # a vocabulary's logits at every token would be the largest tensor of all
            self._options["logits_to_keep"] = 1

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None, **_: object) -> object:
        """Log-probabilities, natural, float32, shape (n_texts, n_words), wrapped as transformers wraps logits."""
        from transformers.modeling_outputs import SequenceClassifierOutput

        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        ids, mask = self.frame(input_ids, mask)
        options = dict(self._options)
        if self._takes_positions:
            options["position_ids"] = (mask.cumsum(1) - 1).clamp_min(0)
        logits = self.network(input_ids=ids, attention_mask=mask, **options).logits[:, -1]
        return SequenceClassifierOutput(logits=logits.float().log_softmax(-1)[:, self.words])


def load_causal_network(backbone: Backbone) -> PreTrainedModel:
    """The backbone's network once more, with its head for the next token, the same dropout and weights as published.

    Args:
        backbone: A decoder; its weights are let go.

    Raises:
        ConfigError: If it is no decoder.
        DetectorError: If the base lacks weights of the head.
    """
    dtype, device = backbone.model.dtype, backbone.model.device
    name = str(dtype).removeprefix("torch.")
    if name not in ("float32", "bfloat16"):
        raise DetectorError(f"{backbone.name} is held in {name}. Load it in float32 or bfloat16.")
    backbone.model.to("meta")  # type: ignore[arg-type]  # two copies would not fit where one does
    network = load_causal(backbone.name, dtype=name, device=str(device)).model  # type: ignore[arg-type]
    with_plain_linears(network)
    set_dropout(network)
    copy_dropout(backbone.model.base_model, network.base_model)
    return network


def n_causal_parameters(backbone: Backbone) -> int:
    """The number of weights of the network with its head for the next token, tied ones once; none is read for it."""
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(backbone.model.config)  # type: ignore[no-untyped-call]
    return sum(parameter.numel() for parameter in network.parameters())
