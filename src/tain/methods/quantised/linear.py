"""A linear layer whose weight is kept quantised, with a trainable product of two thin matrices beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from tain.methods.quantised.blockwise import Packed, dequantise
from tain.methods.quantised.layout import Layout
from tain.models.transposed import turn

PARTS = ("codes", "scales", "constants", "offset")


class QuantisedLinear(nn.Module):
    """y = Q x + s B A x + bias, where Q is read anew from its bits whenever it is needed.

    Between the forward and the backward pass no dense Q is kept: it has no gradient, and reading it twice costs far
    less than the product does.

    Attributes:
        lora_A: Shape (rank, d_in); None at rank 0.
        lora_B: Shape (d_out, rank); None at rank 0.
        bias: Shape (d_out,), or None.
        scaling: s.
        layout: Of Q.
    """

    codes: torch.Tensor
    scales: torch.Tensor
    constants: torch.Tensor
    offset: torch.Tensor

    def __init__(
        self,
        packed: Packed,
        *,
        bias: nn.Parameter | None,
        left: torch.Tensor,
        right: torch.Tensor,
        scaling: float,
        is_turned: bool = False,
    ) -> None:
        """Take over a quantised matrix and the thin ones.

        Args:
            packed: Q.
            bias: Of the layer that is replaced; the very parameter is kept.
            left: B, shape (d_out, rank).
            right: A, shape (rank, d_in).
            scaling: s.
            is_turned: Whether the published weight is the transpose (`tain.models.transposed`).
        """
        super().__init__()
        self.is_turned = is_turned
        self.out_features, self.in_features = packed.shape
        self.scaling = scaling
        self.bias = bias
        # Rows in order, as they will be read back: a product of the same numbers in another order rounds otherwise.
        rows_in_order = torch.contiguous_format
        self.lora_A = nn.Parameter(right.clone(memory_format=rows_in_order)) if right.numel() else None
        self.lora_B = nn.Parameter(left.clone(memory_format=rows_in_order)) if left.numel() else None
        self.put(packed)

    def put(self, packed: Packed) -> None:
        """Replace Q, on the device where the old one lay."""
        self.layout = packed.layout
        device = self.codes.device if hasattr(self, "codes") else packed.codes.device
        for part in PARTS:
            # Trained models are saved by `Method.save`, not by a state dict; in one, the bits would lack their layout.
            self.register_buffer(part, getattr(packed, part).to(device), persistent=False)

    @property
    def packed(self) -> Packed:
        """Q as it is stored; the layer's own bytes."""
        shape = (self.out_features, self.in_features)
        return Packed(self.codes, self.scales, self.constants, self.offset, self.layout, shape)

    @property
    def weight(self) -> torch.Tensor:
        """Q + s B A, float32, shape (d_out, d_in), made anew and without a gradient."""
        dense = dequantise(self.packed)
        if self.lora_A is None or self.lora_B is None:
            return dense
        return dense + self.scaling * (self.lora_B.detach().float() @ self.lora_A.detach().float())

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Of shape (..., d_in) to (..., d_out)."""
        answer: torch.Tensor = _FrozenProduct.apply(inputs, self)  # type: ignore[no-untyped-call]
        if self.lora_A is not None and self.lora_B is not None:
            low = functional.linear(inputs, self.lora_A.to(inputs.dtype))
            answer = answer + self.scaling * functional.linear(low, self.lora_B.to(inputs.dtype))
        return answer if self.bias is None else answer + self.bias.to(answer.dtype)

    def dense(self) -> nn.Linear:
        """A plain layer that answers the same."""
        plain = nn.Linear(self.in_features, self.out_features, bias=self.bias is not None, device="meta")
        plain.weight = nn.Parameter(self.weight, requires_grad=False)
        if self.bias is not None:
            plain.bias = nn.Parameter(self.bias.detach().clone(), requires_grad=False)
        if self.is_turned:
            turn(plain)
        return plain.train(self.training)

    def tensors(self) -> dict[str, torch.Tensor]:
        """The bits of Q and how to read them, by name."""
        return {**{part: getattr(self, part) for part in PARTS}, "layout": self.layout.as_tensor()}

    def extra_repr(self) -> str:
        """What printing a model shows."""
        rank = 0 if self.lora_A is None else len(self.lora_A)
        return f"{self.in_features}, {self.out_features}, {self.layout}, rank {rank}, bias {self.bias is not None}"


def packed_from(tensors: Mapping[str, torch.Tensor], shape: tuple[int, int]) -> Packed:
    """The quantised matrix that `QuantisedLinear.tensors` named.

    Args:
        tensors: By name.
        shape: (d_out, d_in) of the layer it is for.

    Raises:
        ValueError: If a part is missing or has another size than the layout gives it.
    """
    missing = [part for part in (*PARTS, "layout") if part not in tensors]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing")
    layout = Layout.from_tensor(tensors["layout"])
    sizes = layout.sizes(shape[0] * shape[1])
    for part, size in zip(PARTS, sizes, strict=True):
        if tensors[part].dtype != torch.uint8 or tensors[part].shape != (size,):
            raise ValueError(f"{part} has {tuple(tensors[part].shape)} bytes, expected {size} for {shape}")
    codes, scales, constants, offset = (tensors[part] for part in PARTS)
    return Packed(codes, scales, constants, offset, layout, shape)


class _FrozenProduct(torch.autograd.Function):
    """Q x, of which only x has a gradient."""

    generate_vmap_rule = True

    @staticmethod
    def forward(inputs: torch.Tensor, layer: QuantisedLinear) -> torch.Tensor:
        return functional.linear(inputs, dequantise(layer.packed).to(inputs.dtype))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[torch.Tensor, QuantisedLinear], output: torch.Tensor) -> None:  # noqa: ANN401 (torch's)
        del output
        ctx.layer, ctx.dtype = inputs[1], inputs[0].dtype

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None]:  # noqa: ANN401 (torch's)
        weight = dequantise(ctx.layer.packed).to(grads[0].dtype)
        return (grads[0] @ weight).to(ctx.dtype), None
