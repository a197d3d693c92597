"""A layer with LoRA on a processor that multiplies bfloat16: one cast of its input, the frozen weight cast once.

    y = W0 x + b + s B u,  u = A x;    dx = W0ᵀ dy + s Aᵀ w,  w = Bᵀ dy;    dB = s dy uᵀ,  dA = s w xᵀ

Under autocast peft's layer casts its input to float32 for A and back, casts W0 anew in every pass, and holds both
halves of the sum. Here s B u is added in place. It is never added to W0, where it would be lost below the last bit. A,
B and their gradients stay float32 outside of the products, as under autocast.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

HALF = torch.bfloat16
Halves = tuple[torch.Tensor, torch.Tensor | None]
KEY, KEPT = "_half_key", "_halves"
"""The attributes under which a layer keeps its frozen weight and bias in bfloat16, and what they were cast from."""


class HalfProducts(torch.autograd.Function):
    """The answer of a layer with LoRA in bfloat16, and all gradients but those of W0 and b, which are frozen."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 (torch's)
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        a: torch.Tensor,
        b: torch.Tensor,
        scale: float,
    ) -> torch.Tensor:
        """Shape (..., d_in) to (..., d_out) in bfloat16; weight and bias in bfloat16, a (r, d_in), b (d_out, r)."""
        with torch.autocast("cpu", enabled=False):
            rows = x.reshape(-1, x.shape[-1]).to(HALF)
            scaled = (b * scale).to(HALF)
            thin = rows @ a.to(HALF).T
            answer = nn.functional.linear(rows, weight, bias).addmm_(thin, scaled.T)
        # With A frozen the input itself is not needed again.
        ctx.save_for_backward(rows if ctx.needs_input_grad[3] else None, thin, weight, a, scaled)
        ctx.scale, ctx.dtype = scale, x.dtype
        return answer.view(*x.shape[:-1], weight.shape[0])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401 (torch's)
        """The gradients of x, a and b, as far as they are asked for."""
        rows, thin, weight, a, scaled = ctx.saved_tensors
        of_y = gradients[0].reshape(-1, gradients[0].shape[-1])
        back = of_y @ scaled  # s w
        of_x = of_a = of_b = None
        if ctx.needs_input_grad[0]:
            of_x = (of_y @ weight).addmm_(back, a.to(HALF)).to(ctx.dtype)
            of_x = of_x.view(*gradients[0].shape[:-1], weight.shape[1])
        if rows is not None:
            of_a = (back.T @ rows).to(a.dtype)
        if ctx.needs_input_grad[4]:
            of_b = (of_y.T @ thin).to(a.dtype).mul_(ctx.scale)
        return of_x, None, None, of_a, of_b, None


def halves(layer: nn.Linear, *, kept_on: nn.Module) -> Halves:
    """The frozen weight and bias of a layer in bfloat16: cast once, and again should somebody have written to them.

    What is written past autograd's count of versions, through `.data`, is not seen; `forget_halves` tells.

    Args:
        layer: What is cast.
        kept_on: The module that keeps them.
    """
    frozen = layer.weight, layer.bias
    key = [(None if each is None else (each.data_ptr(), each._version)) for each in frozen]
    if kept_on.__dict__.get(KEY) != key:
        with torch.inference_mode(mode=False), torch.no_grad():
            weight, bias = (None if each is None else each.to(HALF) for each in frozen)
        kept_on.__dict__.update({KEY: key, KEPT: (weight, bias)})
    found: Halves = kept_on.__dict__[KEPT]
    return found


def forget_halves(model: nn.Module) -> None:
    """Let go of everything that `halves` keeps.

    Args:
        model: With all its layers.
    """
    for module in model.modules():
        for name in (KEY, KEPT):
            module.__dict__.pop(name, None)
