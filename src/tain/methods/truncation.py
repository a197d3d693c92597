"""A smaller network made of some layers of a larger one: embeddings and head stay, the other layers go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

from tain.core.errors import MethodError
from tain.models import Backbone

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel


def layer_stack(backbone: Backbone) -> tuple[str, nn.ModuleList]:
    """The network's layers, and the dotted name of the list that holds them.

    Args:
        backbone: An encoder or decoder of equal layers.

    Raises:
        MethodError: If no list of modules is as long as the configuration says there are layers.
    """
    n_layers = backbone.model.config.get_text_config().num_hidden_layers
    for name, module in backbone.model.named_modules():
        is_stack = isinstance(module, nn.ModuleList) and len(module) == n_layers
        # The parts inside one layer of T5 are a list too, of unequal modules.
        if is_stack and len({type(layer) for layer in module}) == 1:
            return name, module
    raise MethodError(
        f"{backbone.name} holds no list of its {n_layers} layers, so none can be left out. Leave method.layers out and "
        "name a smaller base."
    )


def is_left_out(name: str, backbone: Backbone, layers: Sequence[int]) -> bool:
    """Whether a module of the whole network stands in a layer that `truncate` would drop.

    Args:
        name: Dotted.
        backbone: Not yet truncated.
        layers: Those to keep.
    """
    stack = f"{layer_stack(backbone)[0]}."
    return name.startswith(stack) and int(name.removeprefix(stack).partition(".")[0]) not in layers


def truncate(backbone: Backbone, layers: Sequence[int]) -> None:
    """Keep some layers of a network and renumber them, so that its configuration describes what is left.

    Args:
        backbone: Changed in place.
        layers: Indices of the layers to keep, rising.

    Raises:
        MethodError: If there is no such layer, or transformers would build another network from the configuration.
            ModernBERT and T5 have parts in their first layer alone, which therefore has to stay.
    """
    name, stack = layer_stack(backbone)
    missing = [layer for layer in layers if layer >= len(stack)]
    if missing:
        raise MethodError(
            f"method.layers names layer {missing[0]}, but {backbone.name} has {len(stack)}. "
            f"Expected numbers from 0 to {len(stack) - 1}."
        )
    kept = nn.ModuleList(stack[layer] for layer in layers)
    for index, layer in enumerate(kept):
        _renumber(layer, index)
    backbone.model.set_submodule(name, kept)
    _shorten(backbone.model.config.get_text_config(), len(stack), layers)
    _require_buildable(backbone, layers)


def _renumber(layer: nn.Module, index: int) -> None:
    # Decoders find their place in the cache of keys and values by it.
    for module in layer.modules():
        for name in ("layer_idx", "layer_id"):
            if isinstance(getattr(module, name, None), int):
                setattr(module, name, index)


def _shorten(config: PretrainedConfig, n_layers: int, layers: Sequence[int]) -> None:
    for name, value in list(vars(config).items()):
        if name.endswith("layer_types") and isinstance(value, list) and len(value) == n_layers:
            setattr(config, name, [value[layer] for layer in layers])
    config.num_hidden_layers = len(layers)


def _require_buildable(backbone: Backbone, layers: Sequence[int]) -> None:
    with torch.device("meta"):
        plain: PreTrainedModel = type(backbone.model)(backbone.model.config)
    shapes = [{key: value.shape for key, value in model.state_dict().items()} for model in (plain, backbone.model)]
    odd = sorted(key for key in shapes[0].keys() | shapes[1].keys() if shapes[0].get(key) != shapes[1].get(key))
    if odd:
        raise MethodError(
            f"method.layers is {list(layers)}, which makes no {type(backbone.model).__name__} of {backbone.name}: "
            f"{odd[0]} would not fit. Its layers differ from one another; keep layer 0."
        )
