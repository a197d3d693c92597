"""Full fine-tuning: every weight of the network trains. The reference that cheaper methods are held against."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from torch import nn

from tain.methods.method import Method, MethodConfig
from tain.methods.weights import read_weights
from tain.models import Backbone

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class FullSettings(MethodConfig):
    """Full fine-tuning has no settings of its own."""


class Full(Method[FullSettings]):
    """Trains every parameter. Expect a learning rate about a tenth of LoRA's."""

    kind: ClassVar[str] = "full"
    config_type: ClassVar[type[MethodConfig]] = FullSettings
    saves_peft: ClassVar[bool] = False

    def prepare(self, backbone: Backbone, *, seed: int) -> nn.Module:
        """The backbone itself, with nothing frozen. Nothing is drawn, so `seed` has no effect."""
        del seed
        return backbone.model.requires_grad_(True)

    def n_trainable(self, backbone: Backbone) -> int:
        """Every parameter of the network and the head; tied weights count once."""
        return sum(parameter.numel() for parameter in backbone.model.parameters())

    def save(self, model: nn.Module, folder: Path) -> None:
        """Write a plain transformers folder."""
        model.save_pretrained(str(folder))  # type: ignore[operator]

    def load(self, backbone: Backbone, folder: Path) -> nn.Module:
        """The backbone with every weight replaced by the saved one."""
        read_weights(backbone.model, folder / "model.safetensors")
        return backbone.model

    def merge(self, model: nn.Module) -> PreTrainedModel:
        """A copy: there is nothing to fold in."""
        return deepcopy(model)  # type: ignore[return-value]
