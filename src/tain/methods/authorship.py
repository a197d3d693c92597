"""A head of two layers on the state of the first token, over an encoder that trains as a whole: CodeT5-Authorship.

    logits = W2 Dropout(GELU(W1 h0 + b1)) + b2,   W1 (hidden, d), W2 (n_labels, hidden)

Source: arXiv:2506.17323, for the model that wrote a program: encoder of CodeT5+ 770M, decoder dropped, hidden 768,
dropout 0.2, "code: " before the source. Differs: any backbone will do, and one that reads only backwards gives its
last token; the prefix is tokenised by itself, so the same ids stand before every window of a text, and it is empty
unless asked for; dropout inside the network is off; LoRA or a frozen network are settings. T5 overflows in float16.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from pydantic import Field
from torch import nn

from tain.core.errors import MethodError
from tain.methods.method import Method, MethodConfig, trainable
from tain.methods.network import NetworkSettings, fold_adapters, n_network, network_linears, prepare_network
from tain.methods.weights import read_weights, save_trained
from tain.models import Backbone
from tain.models.backbone import max_tokens_of
from tain.models.causal import reads_ahead
from tain.models.framing import Frame, plain_ids
from tain.models.pooling import Pooling, pool
from tain.models.t5_encoder import is_encoder_decoder

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FILE = "authorship.safetensors"
LEAST_ROOM = 16


class AuthorshipSettings(NetworkSettings):
    """Settings of the two-layer head and of what trains under it."""

    network: Literal["full", "lora", "frozen"] = Field("full", description="What trains of the network.")
    hidden: int = Field(768, ge=1, description="Width between the two layers of the head.")
    dropout: float = Field(0.2, ge=0, lt=1, description="Dropout between them, while training.")
    prefix: str = Field("", description='Text before every input, such as "code: ".')


class AuthorshipModel(nn.Module):
    """Prefix, network, one token's state, head."""

    def __init__(self, network: nn.Module, classifier: nn.Module, frame: Frame | None, pooling: Pooling) -> None:
        """Put the parts together.

        Args:
            network: Gives token states.
            classifier: From a state to logits.
            frame: Puts the prefix in; None where there is none.
            pooling: Whose state.
        """
        super().__init__()
        self.network, self.classifier, self.frame, self.pooling = network, classifier, frame, pooling

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None, **_: object) -> object:
        """Logits of shape (n_texts, n_labels), wrapped as transformers wraps them."""
        from transformers.modeling_outputs import SequenceClassifierOutput

        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        if self.frame is not None:
            input_ids, mask = self.frame(input_ids, mask)
        states = self.network(input_ids=input_ids, attention_mask=mask).last_hidden_state
        return SequenceClassifierOutput(logits=self.classifier(pool(states, mask, self.pooling)))


class Authorship(Method[AuthorshipSettings]):
    """The two-layer head, and the network under it: whole, by LoRA, or frozen."""

    kind: ClassVar[str] = "authorship"
    config_type: ClassVar[type[MethodConfig]] = AuthorshipSettings
    starts_at_base: ClassVar[bool] = False
    saves_peft: ClassVar[bool] = False
    merges_to_stock: ClassVar[bool] = False

    def require(self, backbone: Backbone) -> None:
        """Return only if the numbers fit: T5 in float16 overflows to NaN."""
        if is_encoder_decoder(backbone.model.config) and backbone.model.dtype == torch.float16:
            raise MethodError(f"{backbone.name} in float16 overflows. Load it in float32 or bfloat16.")

    def make_room(self, backbone: Backbone) -> None:
        """Lower `max_tokens` by the prefix.

        Raises:
            MethodError: If that leaves the text fewer than 16 tokens.
        """
        n, limit = len(self._prefix(backbone)), max_tokens_of(backbone.model, backbone.tokenizer)
        if limit - n < LEAST_ROOM:
            raise MethodError(
                f"method.prefix takes {n} tokens, and {backbone.name} reads {limit} at once. Expected at most "
                f"{limit - LEAST_ROOM}, so that {LEAST_ROOM} are left for text."
            )
        backbone.max_tokens = min(backbone.max_tokens, limit - n)

    def _prefix(self, backbone: Backbone) -> list[int]:
        return plain_ids(backbone.tokenizer, self.config.prefix) if self.config.prefix else []

    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The network without its own head and pooling, under a fresh head."""
        self.require(backbone)
        names = list(network_linears(backbone, self.config))
        pooling = self._pooling(backbone)
        network: nn.Module = backbone.model.base_model
        if getattr(network, "pooler", None) is not None:
            network.pooler = None  # type: ignore[assignment]  # no score would come by it
        prepare_network(network, names, self.config, seed=seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            head = self._head(backbone).to(backbone.model.dtype)
        return AuthorshipModel(network, head, self._frame(backbone), pooling).eval()

    def _head(self, backbone: Backbone) -> nn.Sequential:
        return nn.Sequential(
            nn.Linear(_width(backbone), self.config.hidden),
            nn.GELU(),
            nn.Dropout(self.config.dropout),
            nn.Linear(self.config.hidden, len(backbone.labels)),
        )

    def _frame(self, backbone: Backbone) -> Frame | None:
        self.make_room(backbone)
        if not (before := self._prefix(backbone)):
            return None
        return Frame(backbone.tokenizer, before=before, max_tokens=backbone.max_tokens)

    def _pooling(self, backbone: Backbone) -> Pooling:
        if backbone.pooling != "native":
            return backbone.pooling
        return "first" if reads_ahead(backbone.model.base_model) else "last"

    def n_trainable(self, backbone: Backbone) -> int:
        """Head: hidden (d + 1) + n_labels (hidden + 1), network: all of it, or r (d_in + d_out) a layer."""
        self.require(backbone)
        hidden = self.config.hidden
        head = hidden * (_width(backbone) + 1) + len(backbone.labels) * (hidden + 1)
        network = backbone.model.base_model
        pooler = {id(p) for name, p in network.named_parameters() if name.split(".")[0] == "pooler"}
        n_parameters = sum(p.numel() for p in network.parameters() if id(p) not in pooler)
        return head + n_network(n_parameters, network_linears(backbone, self.config), self.config)

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write the head and what trained of the network."""
        save_trained(model, folder / FILE)

    def load(self, backbone: Backbone, folder: Path) -> nn.Module:
        """The backbone with the saved weights."""
        model = self.prepare(backbone, seed=0)
        read_weights(model, folder / FILE, expected=list(trainable(model)))
        return model

    def merge(self, model: nn.Module) -> PreTrainedModel:
        """A copy with any A and B folded in. Stock transformers has no such head, so only tain and ONNX read it."""
        return fold_adapters(deepcopy(model))  # type: ignore[return-value]


def _width(backbone: Backbone) -> int:
    return int(backbone.model.config.get_text_config().hidden_size)
