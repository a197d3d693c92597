"""One layer with LoRA twice, as ours and as peft's, and what it answers and learns."""

from __future__ import annotations

import copy

import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import nn

from tain.methods.thin_products import with_thin_products

D_IN, D_OUT, RANK, N = 12, 20, 3, 300


def pair(*, has_bias: bool = True, **settings: object) -> tuple[nn.Module, nn.Module]:
    """The same layer as ours and as peft's, B drawn at random."""
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(D_IN, D_OUT, bias=has_bias))
    config = LoraConfig(r=RANK, lora_alpha=6, target_modules=["0"], **settings)
    theirs = inject_adapter_in_model(config, copy.deepcopy(plain))
    config = with_thin_products(LoraConfig(r=RANK, lora_alpha=6, target_modules=["0"], **settings))
    ours = inject_adapter_in_model(config, plain)
    weights = {name: torch.randn_like(value) for name, value in theirs.state_dict().items()}
    for model in (theirs, ours):
        model.load_state_dict(weights)
        model.train()
    return ours, theirs


def learnt(model: nn.Module, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """The answer, and the gradients of the input and of what trains."""
    model.zero_grad(set_to_none=True)
    x = x.clone().requires_grad_(True)
    answer = model(x)
    (answer.tanh() ** 2).sum().backward()
    found = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return {"answer": answer.detach(), "x": x.grad, **found}
