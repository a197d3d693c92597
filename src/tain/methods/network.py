"""How the network under an output of a method's own trains: every weight, LoRA beside its linear layers, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from pydantic import Field
from torch import nn

from tain.core.errors import MethodError
from tain.methods.method import MethodConfig
from tain.methods.targets import target_linears
from tain.models import Backbone


class NetworkSettings(MethodConfig):
    """Settings of the network's share in a training."""

    network: Literal["full", "lora", "frozen"] = Field("lora", description="What trains of the network.")
    rank: int = Field(16, ge=1, description="Rank r of each change, with network = lora.")
    alpha: float = Field(32.0, gt=0, description="Numerator of the scale s = alpha / rank.")
    targets: str | tuple[str, ...] = Field(
        "all-linear", description="all-linear, attention, mlp, or names of linear layers; with network = lora."
    )


def network_linears(backbone: Backbone, settings: NetworkSettings) -> dict[str, nn.Linear]:
    """The linear layers that LoRA changes, by name inside the network; none where nothing is to be changed by it.

    Args:
        backbone: With its own head, which is left out as is the pooling before it.
        settings: Name the targets.

    Raises:
        MethodError: If nothing matches.
    """
    if settings.network != "lora":
        return {}
    prefix = f"{backbone.model.base_model_prefix}."
    found = {
        name.removeprefix(prefix): layer
        for name, layer in target_linears(backbone, settings.targets).items()
        if name.startswith(prefix) and "pooler" not in name.split(".")
    }
    if not found:
        raise MethodError(
            f"method.targets is {settings.targets!r}, which matches only the head of {backbone.name}, and the method "
            "replaces that. Expected all-linear, attention, mlp, or names of layers inside the network."
        )
    return found


def n_network(n_parameters: int, linears: Mapping[str, nn.Linear], settings: NetworkSettings) -> int:
    """The number of the network's parameters that train.

    Args:
        n_parameters: Of the network without its head.
        linears: Of `network_linears`.
        settings: What trains.
    """
    if settings.network == "full":
        return n_parameters
    return settings.rank * sum(layer.in_features + layer.out_features for layer in linears.values())


def prepare_network(network: nn.Module, names: list[str], settings: NetworkSettings, *, seed: int) -> None:
    """Freeze a network, insert A and B where they are wanted, and mark what trains.

    Args:
        network: Changed in place.
        names: Linear layers that get A and B.
        settings: What trains.
        seed: Seed of A.
    """
    network.requires_grad_(settings.network == "full")
    if settings.network != "lora":
        return
    from peft import LoraConfig, inject_adapter_in_model

    from tain.methods.thin_products import with_thin_products

    config = LoraConfig(r=settings.rank, lora_alpha=settings.alpha, target_modules=names)  # type: ignore[arg-type]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(with_thin_products(config), network)


def fold_adapters(model: nn.Module) -> nn.Module:
    """The model with W0 + s B A in place of W0 wherever A and B stand.

    Args:
        model: Changed in place; give a copy.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, layer in list(model.named_modules()):
        if isinstance(layer, BaseTunerLayer):
            layer.merge(safe_merge=True)
            model.set_submodule(name, layer.get_base_layer())
    return model
