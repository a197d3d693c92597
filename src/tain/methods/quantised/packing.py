"""Codes of 2, 3, 4 or 8 bits, side by side in bytes with nothing between them."""

from __future__ import annotations

from math import ceil, gcd

import torch


def pack(codes: torch.Tensor, bits: int) -> torch.Tensor:
    """The codes in as few bytes as hold them.

    Args:
        codes: Below 2**bits, uint8, shape (n,).
        bits: 1 to 8.

    Returns:
        Shape (ceil(n * bits / 8),), uint8. The first code lies in the lowest bits of the first byte.
    """
    n_codes, n_bytes = _word(bits)
    words = torch.nn.functional.pad(codes, (0, -len(codes) % n_codes)).view(-1, n_codes).to(torch.int32)
    shifts = bits * torch.arange(n_codes, dtype=torch.int32, device=codes.device)
    word = (words << shifts).sum(1, dtype=torch.int32)
    places = 8 * torch.arange(n_bytes, dtype=torch.int32, device=codes.device)
    packed = ((word.unsqueeze(1) >> places) & 0xFF).to(torch.uint8).flatten()
    return packed[: ceil(len(codes) * bits / 8)].clone()


def unpack(packed: torch.Tensor, bits: int, n: int) -> torch.Tensor:
    """The codes that `pack` was given.

    Args:
        packed: uint8.
        bits: As when packed.
        n: How many codes there are.

    Returns:
        Shape (n,), int32.
    """
    if bits == 8:
        return packed[:n].to(torch.int32)
    n_codes, n_bytes = _word(bits)
    rows = torch.nn.functional.pad(packed, (0, -len(packed) % n_bytes)).view(-1, n_bytes).to(torch.int32)
    word = rows[:, 0]
    for place in range(1, n_bytes):
        word = word | (rows[:, place] << (8 * place))
    shifts = bits * torch.arange(n_codes, dtype=torch.int32, device=packed.device)
    codes: torch.Tensor = (word.unsqueeze(1) >> shifts) & (2**bits - 1)
    return codes.flatten()[:n]


def _word(bits: int) -> tuple[int, int]:
    # The fewest codes that fill whole bytes, and those bytes: 8 codes in 3 bytes for three bits.
    shared = gcd(bits, 8)
    return 8 // shared, bits // shared
