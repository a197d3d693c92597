"""How a matrix lies in memory once it is quantised, and how many bits that takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from itertools import product
from math import ceil
from typing import Literal

import torch

from tain.methods.quantised.codebook import BITS

Constant = Literal["float32", "bfloat16", "float16"]
CONSTANTS: tuple[Constant, ...] = ("float32", "bfloat16", "float16")
BLOCKS, GROUPS = (16, 32, 64), (16, 64, 256)
OFFSET_BITS = 32


@dataclass(frozen=True, slots=True)
class Layout:
    """Bits and block sizes of one matrix.

    Attributes:
        bits: Of a weight's code, b: 2, 3, 4 or 8.
        scale_bits: Of a block's scale, b0: 2, 3, 4 or 8.
        constant: Number format of a group's largest scale, of b1 bits.
        block: Weights that share a scale, B0.
        group: Blocks whose scales share a constant, B1.
    """

    bits: int
    scale_bits: int = 8
    constant: Constant = "float32"
    block: int = 64
    group: int = 256

    @property
    def dtype(self) -> torch.dtype:
        """Of a group's constant."""
        dtype: torch.dtype = getattr(torch, self.constant)
        return dtype

    @property
    def bits_per_weight(self) -> float:
        """What a weight costs where every block and group is full: b + b0 / B0 + b1 / (B0 B1)."""
        constant = 8 * self.dtype.itemsize
        return self.bits + self.scale_bits / self.block + constant / (self.block * self.group)

    def counts(self, n_weights: int) -> tuple[int, int]:
        """Blocks and groups of a matrix; the last of each may be shorter."""
        n_blocks = ceil(n_weights / self.block)
        return n_blocks, ceil(n_blocks / self.group)

    def sizes(self, n_weights: int) -> tuple[int, int, int, int]:
        """Bytes of a matrix's codes, scales, constants and offset; each part ends on a whole byte."""
        n_blocks, n_groups = self.counts(n_weights)
        n_codes, n_scales = ceil(n_weights * self.bits / 8), ceil(n_blocks * self.scale_bits / 8)
        return n_codes, n_scales, n_groups * self.dtype.itemsize, OFFSET_BITS // 8

    def stored_bytes(self, n_weights: int) -> int:
        """Bytes that a matrix takes, its offset included."""
        return sum(self.sizes(n_weights))

    def as_tensor(self) -> torch.Tensor:
        """The layout as five integers, to be kept beside what it describes."""
        bits, scale_bits, constant, block, group = astuple(self)
        return torch.tensor([bits, scale_bits, CONSTANTS.index(constant), block, group], dtype=torch.int32)

    @classmethod
    def from_tensor(cls, tensor: torch.Tensor) -> Layout:
        """The layout that `as_tensor` gave.

        Raises:
            ValueError: If it is none.
        """
        values = tensor.tolist()
        if len(values) != 5 or {values[0], values[1]} - set(BITS) or not 0 <= values[2] < 3 or min(values[3:]) < 1:
            raise ValueError(f"{values} is no layout of a quantised matrix")
        return cls(values[0], values[1], CONSTANTS[values[2]], values[3], values[4])

    def __str__(self) -> str:
        """As a table shows it: NF3 8/64 fp32/256."""
        short = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}[self.constant]
        return f"NF{self.bits} {self.scale_bits}/{self.block} {short}/{self.group}"


def grid() -> Sequence[Layout]:
    """The 432 layouts that the paper lets its program choose from."""
    return [Layout(*each) for each in product(BITS, BITS, CONSTANTS, BLOCKS, GROUPS)]
