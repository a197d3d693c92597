"""Block-wise quantisation with scales that are quantised themselves.

    W_i ~ level[q_i] * s_k   for i in block k,        s_k ~ m + g_j * u_k / (2^b0 - 1)   for k in group j

where m is the smallest scale of the matrix, g_j the largest s - m of group j and u_k an integer of b0 bits. Source:
Dettmers et al. 2023, QLoRA, arXiv:2305.14314 (double quantisation), with the scales as in Guo et al. 2023, LQ-LoRA,
arXiv:2311.12023. Differs: codes are chosen for the scale as it will be read back, not for the exact one, so that each
weight goes to the nearest value that can be stored; a matrix whose size is no multiple of B0 B1 has a shorter last
block and group, where the reference refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from tain.methods.quantised.codebook import midpoints, normal_float
from tain.methods.quantised.layout import Layout
from tain.methods.quantised.packing import pack, unpack


@dataclass(frozen=True, slots=True)
class Packed:
    """A quantised matrix, every part of it bytes, so that no cast of a network's number format reaches it.

    Attributes:
        codes: Of the weights, row by row.
        scales: Of the blocks.
        constants: Of the groups, in the layout's number format.
        offset: The smallest scale, float32.
        layout: How to read them.
        shape: (d_out, d_in).
    """

    codes: torch.Tensor
    scales: torch.Tensor
    constants: torch.Tensor
    offset: torch.Tensor
    layout: Layout
    shape: tuple[int, int]

    @property
    def n_bytes(self) -> int:
        """Bytes of all parts, as they are."""
        return sum(part.numel() for part in (self.codes, self.scales, self.constants, self.offset))


def quantise(weight: torch.Tensor, layout: Layout) -> Packed:
    """A matrix in few bits.

    Args:
        weight: Shape (d_out, d_in), finite.
        layout: Bits and block sizes.
    """
    codes, units, constants, offset = _encode(weight, layout)
    return Packed(
        pack(codes, layout.bits),
        pack(units, layout.scale_bits),
        constants.view(torch.uint8),
        offset.reshape(1).view(torch.uint8),
        layout,
        (weight.shape[0], weight.shape[1]),
    )


def dequantise(packed: Packed) -> torch.Tensor:
    """The matrix that was stored, float32."""
    layout, (d_out, d_in) = packed.layout, packed.shape
    n_blocks, _ = layout.counts(d_out * d_in)
    units = unpack(packed.scales, layout.scale_bits, n_blocks)
    scales = _scales(units, packed.constants.view(layout.dtype), packed.offset.view(torch.float32), layout)
    return _decode(unpack(packed.codes, layout.bits, d_out * d_in), scales, layout).view(d_out, d_in)


def round_trip(weight: torch.Tensor, layout: Layout) -> torch.Tensor:
    """What `dequantise` gives of what `quantise` stores, to the bit and without the packing."""
    codes, units, constants, offset = _encode(weight, layout)
    return _decode(codes.int(), _scales(units.int(), constants, offset, layout), layout).view(weight.shape)


def _encode(weight: torch.Tensor, layout: Layout) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    flat = weight.detach().reshape(-1).float()
    blocks = _in_rows(flat, layout.block)
    units, constants, offset = _encode_scales(blocks.abs().amax(1), layout)
    scales = _scales(units.int(), constants, offset, layout).unsqueeze(1)
    # A block of zeros has no scale to divide by, and any code of it times 0 is right.
    shares = blocks / torch.where(scales > 0, scales, 1.0)
    return _nearest(shares, layout.bits).flatten()[: len(flat)], units, constants, offset


def _nearest(shares: torch.Tensor, bits: int) -> torch.Tensor:
    bounds = midpoints(bits).to(shares.device)
    if bits == 8:
        return torch.bucketize(shares, bounds).to(torch.uint8)
    codes = torch.zeros_like(shares, dtype=torch.uint8)
    for bound in bounds:  # for few bounds several times as fast as a search in them
        codes += shares > bound
    return codes


def _encode_scales(scales: torch.Tensor, layout: Layout) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    offset = scales.min()
    above = _in_rows(scales - offset, layout.group)
    # Not above the largest number of the format: half precision would store it as infinity.
    constants = above.amax(1).clamp_max(torch.finfo(layout.dtype).max).to(layout.dtype)
    largest, levels = constants.float().unsqueeze(1), 2**layout.scale_bits - 1
    units = (above / torch.where(largest > 0, largest, 1.0) * levels).round().clamp_max(levels)
    return units.to(torch.uint8).flatten()[: len(scales)], constants, offset


def _scales(units: torch.Tensor, constants: torch.Tensor, offset: torch.Tensor, layout: Layout) -> torch.Tensor:
    largest = constants.float().repeat_interleave(layout.group)[: len(units)]
    scales: torch.Tensor = offset + largest * (units.float() / (2**layout.scale_bits - 1))
    return scales


def _decode(codes: torch.Tensor, scales: torch.Tensor, layout: Layout) -> torch.Tensor:
    values = normal_float(layout.bits).to(codes.device).index_select(0, codes)
    n_full = len(values) - len(values) % layout.block
    # In place over whole blocks: this runs twice in every training step.
    values[:n_full].view(-1, layout.block).mul_(scales[: n_full // layout.block].unsqueeze(1))
    values[n_full:].mul_(scales[-1])
    return values


def _in_rows(values: torch.Tensor, width: int) -> torch.Tensor:
    # Zeros behind the last value change no maximum of absolute values.
    return torch.nn.functional.pad(values, (0, -len(values) % width)).view(-1, width)
