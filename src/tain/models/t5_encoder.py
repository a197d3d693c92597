"""The encoder of an encoder-decoder, such as CodeT5's, with a classification head: the decoder is never loaded.

Source: the encoder-only reading of CodeT5+ in "CodeT5-Authorship", arXiv:2506.17323: the first token's state goes into
the head. transformers' own `T5ForSequenceClassification` keeps the decoder and reads its last state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

FAMILIES = ("t5", "mt5", "umt5")


def is_encoder_decoder(config: PretrainedConfig) -> bool:
    """Whether a backbone of this kind is read by its encoder alone."""
    return config.model_type in FAMILIES


def encoder_classifier(config: PretrainedConfig) -> type[PreTrainedModel]:
    """The class that holds a family's encoder under `transformer` and a linear head under `classifier`.

    Args:
        config: Of a T5-like model.
    """
    from transformers.models.auto.modeling_auto import MODEL_FOR_TEXT_ENCODING_MAPPING

    encoder: Any = MODEL_FOR_TEXT_ENCODING_MAPPING[type(config)]
    family: Any = encoder.__mro__[1]

    def init(self: Any, config: Any) -> None:  # noqa: ANN401 (a class made at run time)
        family.__init__(self, config)
        self.num_labels = config.num_labels
        self.transformer = encoder(config)
        self.classifier = nn.Linear(config.d_model, config.num_labels)
        self.post_init()

    body = {"__init__": init, "forward": _forward, "base_model_prefix": "transformer"}
    body["_keys_to_ignore_on_load_unexpected"] = [r"^decoder\.", r"^lm_head\."]
    made: type[PreTrainedModel] = type(f"{encoder.__name__}ForSequenceClassification", (family,), body)
    return made


def _forward(
    self: Any,  # noqa: ANN401 (a class made at run time)
    input_ids: torch.Tensor | None = None,
    attention_mask: torch.Tensor | None = None,
    inputs_embeds: torch.Tensor | None = None,
    **_: object,
) -> object:
    from transformers.modeling_outputs import SequenceClassifierOutput

    states = self.transformer(input_ids=input_ids, attention_mask=attention_mask, inputs_embeds=inputs_embeds)
    return SequenceClassifierOutput(logits=self.classifier(states.last_hidden_state[:, 0]))
