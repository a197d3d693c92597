"""What this machine computes with: device, precision and threads."""

from __future__ import annotations

import os
from typing import Literal

import torch

from tain.core.threads import idle_threads
from tain.training.config import TrainingConfig


def pick_device() -> torch.device:
    """The accelerator if there is one, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def pick_dtype(config: TrainingConfig, device: torch.device) -> Literal["float32", "bfloat16"]:
    """The precision asked for; `auto` takes bfloat16 only where the hardware multiplies it natively."""
    if config.dtype != "auto":
        return config.dtype
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    return "bfloat16" if device.type == "cpu" and has_native_bf16() else "float32"


def has_native_bf16() -> bool:
    """Whether the processor has AVX512-BF16 or AMX. Emulated bfloat16 is a hundred times slower than float32."""
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in checks)


def pick_threads(config: TrainingConfig) -> int:
    """The threads asked for, else the idle cores of this process, at least one.

    Of several processes on one machine each has what OMP_NUM_THREADS says, which torchrun sets to 1 unless it is set.
    """
    return idle_threads(config.threads)


def keep_few_kernels() -> None:
    """Let oneDNN keep 128 of the kernels it makes for bfloat16, one for each shape; of 1,024 it holds 300 MB.

    Making one anew takes a fifth of a millisecond. Has no effect after the first product in bfloat16, nor where the
    environment says otherwise.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")
