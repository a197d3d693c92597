"""Head only: the network stays frozen and a linear probe on top of it trains.

Source: linear probing, Alain and Bengio 2016, arXiv:1610.01644. The lower bound that every other method has to beat.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from torch import nn

from tain.methods.method import Method, MethodConfig, is_head
from tain.methods.weights import read_weights, save_trained
from tain.models import Backbone

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FILE = "head.safetensors"


class HeadOnlySettings(MethodConfig):
    """The linear probe has no settings of its own."""


class HeadOnly(Method[HeadOnlySettings]):
    """Trains the classification head alone. Its learning rate is the head's."""

    kind: ClassVar[str] = "head_only"
    config_type: ClassVar[type[MethodConfig]] = HeadOnlySettings
    saves_peft: ClassVar[bool] = False

    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The backbone with its head trainable. The head was drawn when it was loaded, so `seed` has no effect."""
        del seed
        getattr(backbone.model, backbone.head_name).requires_grad_(True)
        return backbone.model

    def n_trainable(self, backbone: Backbone) -> int:
        """The parameters of the head."""
        return backbone.n_head_parameters

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write the head's weights."""
        save_trained(model, folder / FILE)

    def load(self, backbone: Backbone, folder: Path) -> nn.Module:
        """The backbone with the saved head."""
        expected = [name for name, _ in backbone.model.named_parameters() if is_head(name)]
        read_weights(backbone.model, folder / FILE, expected=expected)
        return backbone.model

    def merge(self, model: nn.Module) -> PreTrainedModel:
        """A copy: the head is plain already."""
        return deepcopy(model)  # type: ignore[return-value]
