"""A layer with LoRA whose thin products a processor does fast; it answers and learns as peft's does, to rounding.

    y = W0 x + b + s B u,  u = A x;    dx = W0ᵀ dy + s Aᵀ w,  w = Bᵀ dy;    dB = s dy uᵀ,  dA = s w xᵀ

peft's layer has autograd take these with the long side first, where MKL reaches a ninth of its speed, and passes over
the output four times. Here the short side comes first, and s B u is added in place, or W0 + s B A is built and
multiplied once where that is less work: there are more rows of x than inputs, on the way back more than outputs. In
bfloat16 `half_products` has a way of its own. Not with dropout, which A x sees and W0 x does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from peft.tuners.lora import Linear
from torch import nn

from tain.methods.half_products import HALF, KEPT, KEY, HalfProducts, forget_halves, halves

if TYPE_CHECKING:
    from peft import LoraConfig


def with_thin_products(config: LoraConfig) -> LoraConfig:
    """The same settings, for layers of this kind.

    Args:
        config: Changed in place; nothing of it is saved.
    """
    config._register_custom_module({nn.Linear: ThinLinear})
    return config


class ThinLinear(Linear):
    """peft's layer; where they fit, by `ThinProducts` in training and by `HalfProducts` under autocast."""

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:  # noqa: ANN401 (peft's)
        """Shape (..., d_in) to (..., d_out)."""
        if args or kwargs or not self._is_plain(x):
            answer: torch.Tensor = super().forward(x, *args, **kwargs)
            return answer
        (name,) = self.active_adapters
        a, b = self.lora_A[name].weight, self.lora_B[name].weight
        scale, base = self.scaling[name], self.base_layer
        assert isinstance(base, nn.Linear)
        found: torch.Tensor
        if torch.is_autocast_enabled("cpu"):
            found = HalfProducts.apply(x, *halves(base, kept_on=self), a, b, scale)  # type: ignore[no-untyped-call]
        else:
            found = ThinProducts.apply(x, base.weight, base.bias, a, b, scale)  # type: ignore[no-untyped-call]
        return found

    def _is_plain(self, x: torch.Tensor) -> bool:
        is_training = self.training and torch.is_grad_enabled()
        if self.merged or self.disable_adapters or not (is_training or torch.is_autocast_enabled("cpu")):
            return False
        if type(self.base_layer) is not nn.Linear or len(self.active_adapters) != 1 or self.lora_variant:
            return False
        if any(parameter.requires_grad for parameter in self.base_layer.parameters()):
            return False  # its gradient would be lost without a word
        name = self.active_adapters[0]
        layers = self.base_layer, self.lora_A[name], self.lora_B[name]
        if any(layer._forward_hooks or layer._forward_pre_hooks for layer in layers):
            return False  # somebody wants to see what passes through them
        if not isinstance(self.lora_dropout[name], nn.Identity) or self.lora_B[name].bias is not None:
            return False
        return _is_fast(x) and all(layer.weight.dtype == torch.float32 for layer in layers)

    def merge(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (peft's)
        """As peft's, which writes to the weight past autograd's count of versions."""
        forget_halves(self)
        super().merge(*args, **kwargs)

    def unmerge(self) -> None:
        """As peft's."""
        forget_halves(self)
        super().unmerge()

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: without the cast weights."""
        return {name: value for name, value in self.__dict__.items() if name not in (KEY, KEPT)}


def _is_fast(x: torch.Tensor) -> bool:
    if x.device.type != "cpu":
        return False
    if torch.is_autocast_enabled("cpu"):
        return torch.get_autocast_dtype("cpu") == HALF and x.dtype in {torch.float32, HALF}
    return x.dtype == torch.float32


class ThinProducts(torch.autograd.Function):
    """The answer of a layer with LoRA, and all gradients but those of W0 and b, which are frozen."""

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
        """Shape (..., d_in) to (..., d_out); a (r, d_in), b (d_out, r)."""
        rows = x.reshape(-1, x.shape[-1])
        thin = a @ rows.T
        # With A frozen the input itself is not needed again.
        ctx.save_for_backward(x if ctx.needs_input_grad[3] else None, thin, weight, a, b)
        ctx.scale = scale
        if len(rows) > rows.shape[1]:
            return nn.functional.linear(x, torch.addmm(weight, b, a, alpha=scale), bias)
        answer = nn.functional.linear(rows, weight, bias).addmm_(thin.T, b.T, alpha=scale)
        return answer.view(*x.shape[:-1], weight.shape[0])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401 (torch's)
        """The gradients of x, a and b, as far as they are asked for."""
        x, thin, weight, a, b = ctx.saved_tensors
        rows = gradients[0].reshape(-1, gradients[0].shape[-1])
        of_x = of_a = of_b = back = None
        is_merged = len(rows) > rows.shape[1]
        if x is not None or not is_merged:
            back = b.T.contiguous() @ rows.T
        if ctx.needs_input_grad[0]:
            if back is None or is_merged:
                of_x = rows @ torch.addmm(weight, b, a, alpha=ctx.scale)
            else:
                of_x = (rows @ weight).addmm_(back.T, a, alpha=ctx.scale)
            of_x = of_x.view(*gradients[0].shape[:-1], weight.shape[1])
        if x is not None and back is not None:
            of_a = (back @ x.reshape(-1, x.shape[-1])).mul_(ctx.scale)
        if ctx.needs_input_grad[4]:
            of_b = (thin @ rows).T.mul(ctx.scale)
        return of_x, None, None, of_a, of_b, None
