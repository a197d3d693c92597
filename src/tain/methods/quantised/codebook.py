"""NormalFloat codebooks: levels that a normal variable falls on about equally often.

    levels = ppf(linspace(d, 1/2, 2^(b-1)) joined to linspace(1/2, 1-d, 2^(b-1) + 1)) / ppf(1-d)
    d = (1/30 + 1/32) / 2

with the second 1/2 left out. Source: Dettmers et al. 2023, QLoRA, arXiv:2305.14314, for four bits; other numbers of
bits as in Guo et al. 2023, LQ-LoRA, arXiv:2311.12023. Differs: nothing known.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from scipy.special import ndtri

BITS = (2, 3, 4, 8)
TAIL = (1 / 30 + 1 / 32) / 2


@lru_cache
def normal_float(bits: int) -> torch.Tensor:
    """The levels of NF2, NF3, NF4 or NF8: ascending from -1 to 1 with an exact 0, one more above it than below.

    Args:
        bits: 2, 3, 4 or 8.

    Returns:
        Shape (2**bits,), float32.

    Raises:
        ValueError: If there is no such codebook.
    """
    if bits not in BITS:
        raise ValueError(f"There is no NormalFloat of {bits} bits; expected one of {BITS}.")
    half = 2 ** (bits - 1)
    below = np.linspace(TAIL, 0.5, half)
    above = np.linspace(0.5, 1 - TAIL, half + 1)
    levels = ndtri(np.concatenate([below, above[1:]])) / ndtri(1 - TAIL)
    levels[half - 1] = 0.0
    return torch.from_numpy(levels.astype(np.float32))


@lru_cache
def midpoints(bits: int) -> torch.Tensor:
    """Where the nearest level changes, shape (2**bits - 1,), float32."""
    levels = normal_float(bits)
    return (levels[1:] + levels[:-1]) / 2
