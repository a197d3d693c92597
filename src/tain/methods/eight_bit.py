"""Block-wise dynamic quantisation: a tensor as one byte per number and one float32 scale per block of 256.

    x ~ scale of its block * level of its code,   scale = max |x| of the block

The 256 levels lie ever closer towards zero, in seven decades from 1e-6 to 1: a decade has twice the levels of the one
below, 2^k of each sign for what has two signs and 2^(k+1) for what has none; then come 0 and 1. The error is at most
half the widest gap: 0.0071 of the scale where numbers have signs, 0.0036 where they have none.

Source: 8-bit Adam, Dettmers et al. 2022, arXiv:2110.02861. Differs: blocks of 256 instead of 2,048, and what has no
sign and is not zero is never stored as zero. A second moment that vanishes beside a first one that does not would make
Adam's next step as large as that moment over eps.
"""

from __future__ import annotations

from functools import cache

import torch

BLOCK = 256
DECADES = 7
TINY = 1e-38  # the scale of a block of zeros, which cannot be divided by


def quantise(values: torch.Tensor, *, signed: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Round a tensor to 256 levels per block.

    Args:
        values: Finite, of any shape; at least 0 unless `signed`.
        signed: Whether half of the levels are negative.

    Returns:
        Codes, uint8, of the tensor's shape; and the scale of each block of the flattened tensor, float32.
    """
    blocks = _in_blocks(values.float())
    scales = blocks.abs().amax(dim=1).clamp_min(TINY)
    shares = blocks / scales[:, None]
    levels = dynamic_levels(signed, values.device)
    codes = torch.bucketize(shares, (levels[1:] + levels[:-1]) / 2)
    if not signed:
        codes = torch.maximum(codes, (blocks > 0).long())
    return codes.to(torch.uint8).flatten()[: values.numel()].view(values.shape), scales


def dequantise(codes: torch.Tensor, scales: torch.Tensor, *, signed: bool) -> torch.Tensor:
    """The tensor that codes and scales stand for: float32, of the codes' shape.

    Args:
        codes: Of `quantise`.
        scales: Of `quantise`.
        signed: As it was there.
    """
    shares = dynamic_levels(signed, codes.device)[codes.long()]
    return (_in_blocks(shares) * scales[:, None]).flatten()[: codes.numel()].view(codes.shape)


@cache
def dynamic_levels(signed: bool, device: torch.device) -> torch.Tensor:
    """The 256 levels, rising, from 0 or -0.993 to 1: float32 on a device."""
    decades = []
    for decade in range(DECADES):
        edges = torch.linspace(0.1, 1.0, 2 ** (decade + (not signed)) + 1, dtype=torch.float64)
        decades.append(10.0 ** (decade + 1 - DECADES) * (edges[1:] + edges[:-1]) / 2)
    above = torch.cat(decades)
    levels = torch.cat([above, -above if signed else above[:0], torch.tensor([0.0, 1.0])])
    return levels.sort().values.float().to(device)


def _in_blocks(values: torch.Tensor) -> torch.Tensor:
    flat = values.flatten()
    return torch.nn.functional.pad(flat, (0, -len(flat) % BLOCK)).view(-1, BLOCK)
