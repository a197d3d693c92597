"""The weights of a checkpoint by name, each read only when it is looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import nn

from tain.core.errors import ConfigError, DetectorError
from tain.methods.method import is_head
from tain.models.presets import PRESETS, find_base

Role = Literal["layer", "embedding", "head"]
Array = NDArray[np.float32]
EMBEDDING = re.compile(r"(^|[._])(embed\w*|wte|wpe|shared|relative_attention_bias)(\.|$)")
HEAD = re.compile(r"(^|\.)(lm_head|embed_out|cls|qa_outputs)(\.|$)")


@dataclass(frozen=True)
class Weight:
    """One parameter.

    Attributes:
        shape: As it is stored.
        read: Gives its numbers.
    """

    shape: tuple[int, ...]
    read: Callable[[], Array]


@dataclass(frozen=True)
class Weights:
    """The parameters of one network.

    Attributes:
        origin: What the user named.
        own: By dotted name, in the network's order.
    """

    origin: str
    own: Mapping[str, Weight]


def weights_of_model(model: nn.Module, origin: str, *, has_head: bool = True) -> Weights:
    """The parameters of a network in memory; tied ones once.

    Args:
        model: Plain, adapters folded in.
        origin: What the user named.
        has_head: False leaves out a head that was only drawn.
    """
    names = [name for name, _ in model.named_parameters() if has_head or role_of(name) != "head"]
    state = model.state_dict()  # in the shapes of checkpoints, which GPT-2's are not in memory
    found = {name: Weight(tuple(state[name].shape), partial(_numbers, state[name])) for name in names}
    return Weights(origin, found)


def weights_of_checkpoint(name: str) -> Weights:
    """The parameters of a transformers checkpoint, from its safetensors files.

    Args:
        name: Preset, folder, one safetensors file, or a Hub id.

    Raises:
        ConfigError: If it is none of them.
        DetectorError: If it holds no safetensors.
    """
    path = Path(name).expanduser()
    is_one = path.is_file() and path.suffix == ".safetensors"
    files = [path] if is_one else _files(name, find_base(name))
    return Weights(name, {key: weight for file in files for key, weight in _in_file(file).items()})


def role_of(name: str) -> Role:
    """What a parameter is to its network, by its dotted name: heads and embeddings are told from layers."""
    if is_head(name) or HEAD.search(name):
        return "head"
    return "embedding" if EMBEDDING.search(name.rpartition(".")[0]) else "layer"


def base_named(name: str) -> str:
    """The preset whose published name this is, or the name as it stands."""
    return next((key for key, preset in PRESETS.items() if preset.hub_id == name), name)


def _files(name: str, location: str) -> list[Path]:
    folder = Path(location) if Path(location).is_dir() else _fetched(name, location)
    files = sorted(folder.glob("model*.safetensors")) or sorted(folder.glob("*.safetensors"))
    if not files:
        raise DetectorError(f"{name}: holds no safetensors. Pickled weights are not read; save them as safetensors.")
    return files


def _fetched(name: str, hub_id: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(hub_id, allow_patterns=["*.safetensors", "*.json"]))
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DetectorError(f"{name}: cannot be fetched ({reason}). Give a folder, or unset HF_HUB_OFFLINE.") from error


def _in_file(file: Path) -> dict[str, Weight]:
    try:
        with safe_open(file, framework="pt") as weights:
            shapes = {name: tuple(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise DetectorError(f"{file}: cannot be read as safetensors ({error}).") from error
    return {name: Weight(shape, partial(_from_file, file, name)) for name, shape in shapes.items()}


def _from_file(file: Path, name: str) -> Array:
    with safe_open(file, framework="pt") as weights:
        return _numbers(weights.get_tensor(name))


def _numbers(tensor: torch.Tensor) -> Array:
    found: Array = tensor.detach().to(device="cpu", dtype=torch.float32).numpy()
    return found


def needs_weights(weights: Weights) -> None:
    """Return only if there is something to look at.

    Raises:
        ConfigError: If no parameter is a matrix.
    """
    if not any(len(weight.shape) == 2 for weight in weights.own.values()):
        raise ConfigError(f"{weights.origin}: holds no weight matrix. Give a checkpoint, a classifier or an adapter.")
