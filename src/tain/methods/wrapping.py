"""A module of ours in the place of a network's body: between the head and the layers, none of which it changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from safetensors.torch import save_file
from torch import nn

from tain.core.errors import MethodError
from tain.methods.method import is_head
from tain.methods.weights import read_weights
from tain.models import Backbone

if TYPE_CHECKING:
    from transformers import PreTrainedModel

INNER = "network"


class Wrapper(nn.Module):
    """Stands where the body of a network stood, is called as it was, and answers in the same form.

    Attributes:
        network: The body as it was.
    """

    def __init__(self, network: nn.Module) -> None:
        """Take the place of a body."""
        super().__init__()
        self.network = network

    def get_input_embeddings(self) -> nn.Module:
        """The table of token embeddings, as transformers asks a body for it."""
        table: nn.Module = self.network.get_input_embeddings()  # type: ignore[operator]
        return table


def body_of(backbone: Backbone) -> nn.Module:
    """All of a network but its head, unwrapped.

    Raises:
        MethodError: If the network keeps them in no module of their own, or is wrapped already.
    """
    body: nn.Module = backbone.model.base_model
    if body is backbone.model or isinstance(body, Wrapper):
        raise MethodError(
            f"{backbone.name}: {type(backbone.model).__name__} keeps no body apart from its head, or was prepared "
            "before. Load the backbone afresh, or use the method lora."
        )
    return body


def wrap(backbone: Backbone, wrapper: Wrapper) -> nn.Module:
    """The backbone's model with the wrapper for a body; its parameters and the head train, nothing else does."""
    setattr(backbone.model, backbone.model.base_model_prefix, wrapper)
    backbone.model.requires_grad_(False)
    own = set(own_names(backbone.model))
    for name, parameter in backbone.model.named_parameters():
        parameter.requires_grad_(name in own)
    return backbone.model


def own_names(model: PreTrainedModel) -> list[str]:
    """The parameters of the wrapper itself and of the head, by name, whether they train at present or not."""
    body = model.base_model_prefix
    return [
        name
        for name, _ in model.named_parameters()
        if is_head(name) or (name.startswith(f"{body}.") and not name.startswith(f"{body}.{INNER}."))
    ]


def save_own(model: nn.Module, file: Path) -> None:
    """Write what `own_names` names."""
    parameters = dict(model.named_parameters())
    names = own_names(model)  # type: ignore[arg-type]
    save_file({name: parameters[name].detach().contiguous() for name in names}, file)


def read_own(model: nn.Module, file: Path) -> None:
    """Put back what `save_own` wrote.

    Raises:
        DetectorError: If a weight is missing, unknown or of another shape.
    """
    read_weights(model, file, expected=own_names(model))  # type: ignore[arg-type]
