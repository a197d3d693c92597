"""From peft's adapter folder to what a mixed network reads with, without peft: a file and some additions."""

from __future__ import annotations

from copy import deepcopy
from math import sqrt
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from tain.core.errors import MethodError
from tain.core.files import read_json
from tain.methods.mixed.adapter import Adapter, Change, EmbeddingChange, LinearChange
from tain.models import Backbone

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."
_ODD = ("fan_in_fan_out", "rank_pattern", "alpha_pattern", "lora_bias", "layer_replication", "target_parameters",
        "trainable_token_indices", "use_qalora", "use_bdlora")  # fmt: skip
_LINEAR, _TABLE = (".lora_A", ".lora_B"), (".lora_embedding_A", ".lora_embedding_B")
_LENGTHS = ".lora_magnitude_vector"
Tensors = dict[str, torch.Tensor]


def read_adapter(folder: Path, backbone: Backbone, *, n_labels: int) -> Adapter:
    """The adapter of a folder that peft wrote.

    Args:
        folder: With a LoRA adapter, DoRA, rsLoRA and token embeddings included, and its head.
        backbone: That it was trained beside, with any head; left as it is.
        n_labels: Of the adapter's head.

    Raises:
        MethodError: If it is of another kind, or of another network.
        OSError: If a file cannot be read.
        SafetensorError: If the weights are damaged.
    """
    scale = _scale(read_json(folder / CONFIG), folder)
    device, dtype = backbone.model.device, backbone.model.dtype
    # Copies, as what safetensors gives may lie in the file itself, and that may be replaced.
    tensors = {
        name.removeprefix(_PREFIX).removesuffix(".weight"): value.to(device, dtype, copy=True)
        for name, value in load_file(folder / WEIGHTS).items()
    }
    changes: dict[str, Change] = {}
    for short in [name for name in tensors if name.endswith((_LINEAR[0], _TABLE[0]))]:
        name = short.rpartition(".")[0]
        changes[name] = _change(name, tensors, backbone.model, scale)
    head = _head(backbone, tensors)
    if tensors:
        raise MethodError(f"{folder / WEIGHTS}: {next(iter(tensors))} is no part of a LoRA adapter that is known here.")
    return Adapter(changes, head, n_labels)


def _scale(config: dict[str, Any], folder: Path) -> float:
    odd = [name for name in _ODD if config.get(name)]
    if config.get("peft_type") != "LORA" or config.get("bias") != "none" or odd:
        raise MethodError(f"{folder / CONFIG}: {', '.join(odd) or 'its kind'} cannot be mixed with other adapters.")
    rank = config["r"]
    return float(config["lora_alpha"]) / (sqrt(rank) if config.get("use_rslora") else rank)


def _change(name: str, tensors: Tensors, network: nn.Module, scale: float) -> Change:
    layer = _layer(name, network)
    kinds = _TABLE if isinstance(layer, nn.Embedding) else _LINEAR
    down, up = (tensors.pop(f"{name}{kind}", None) for kind in kinds)
    shape = (layer.num_embeddings, layer.embedding_dim) if isinstance(layer, nn.Embedding) else layer.weight.shape[::-1]
    if down is None or up is None or (down.shape[1], up.shape[0]) != tuple(shape):
        raise MethodError(f"{name}: A or B is missing or fits another network.")
    if isinstance(layer, nn.Embedding):
        return EmbeddingChange(down.t().contiguous(), (up * scale).t())
    lengths = tensors.pop(f"{name}{_LENGTHS}", None)
    if lengths is None:
        return LinearChange(down.t(), (up * scale).t())
    norm = torch.linalg.norm(layer.weight.detach() + scale * (up @ down), dim=1)
    bias = None if layer.bias is None else layer.bias.detach()
    return LinearChange(down.t(), (up * scale).t(), lengths / norm, bias)


def _layer(name: str, network: nn.Module) -> nn.Linear | nn.Embedding:
    try:
        layer = network.get_submodule(name)
    except AttributeError:
        layer = None
    # Subclasses scale or quantise what they answer.
    if type(layer) is nn.Linear or (type(layer) is nn.Embedding and layer is network.get_input_embeddings()):  # type: ignore[operator]
        return layer
    raise MethodError(f"{name} is no plain layer of {type(network).__name__}.")


def _head(backbone: Backbone, tensors: Tensors) -> nn.Module:
    """The head as a module of its own; what belongs to it is taken out of the tensors."""
    name = backbone.head_name
    head: nn.Module = deepcopy(getattr(backbone.model, name))
    head._forward_hooks.clear()  # those of the network's own head
    for own, old in list(head.named_parameters()):
        path, _, part = own.rpartition(".")
        # The weight's name was shortened as all were.
        key = f"{name}.{own}".removesuffix(".weight")
        value = tensors.pop(key, None)
        if value is None or value.shape[1:] != old.shape[1:]:
            raise MethodError(f"{key}: the head is missing or fits another network.")
        setattr(head.get_submodule(path), part, nn.Parameter(value, requires_grad=False))
    return head.eval()
