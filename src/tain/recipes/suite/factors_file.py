"""Adapters of many tasks in one file of safetensors."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from tain.core.files import whole_file
from tain.methods.text_to_lora import Factors


def save_factors(factors: Factors, file: Path) -> None:
    """Write A and B of every layer, with the tasks along their first axis."""
    tensors = {}
    for name, (a, b) in factors.items():
        tensors[f"{name}.A"], tensors[f"{name}.B"] = a.detach().cpu().contiguous(), b.detach().cpu().contiguous()
    with whole_file(file) as part:
        save_file(tensors, part)


def load_factors(file: Path, *, device: torch.device) -> Factors:
    """What `save_factors` wrote."""
    found = load_file(file)
    names = [name.removesuffix(".A") for name in found if name.endswith(".A")]
    return {name: (found[f"{name}.A"].to(device), found[f"{name}.B"].to(device)) for name in names}
