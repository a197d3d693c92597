"""How long a training will take and how much memory, measured on one batch before it starts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import torch
from torch import nn

from tain.methods.method import trainable
from tain.training.activations import activation_bytes

ADAM_BYTES = 12  # gradient and two moments in float32, for each trainable parameter


@dataclass(frozen=True, slots=True)
class Estimate:
    """What to expect.

    Attributes:
        n_tokens: Tokens to read in all.
        tokens_per_s: Measured speed.
        duration_s: One divided by the other.
        memory_bytes: Resident now, plus what the optimiser and the kept activations of the batch add.
    """

    n_tokens: int
    tokens_per_s: float
    duration_s: float
    memory_bytes: int

    def __str__(self) -> str:
        """One line for a person."""
        minutes = self.duration_s / 60
        span = f"{minutes:.0f} min" if minutes >= 2 else f"{self.duration_s:.0f} s"
        return (
            f"about {span} ({self.n_tokens:,} tokens at {self.tokens_per_s:,.0f} tokens/s), "
            f"about {self.memory_bytes / 2**30:.1f} GiB of memory"
        )


def estimate(model: nn.Module, one_loss: Callable[[], torch.Tensor], *, batch_tokens: int, n_tokens: int) -> Estimate:
    """Time one forward and backward pass; weights, gradients and random numbers are left as they were.

    Args:
        model: Prepared for training.
        one_loss: The loss of one batch.
        batch_tokens: Tokens in it.
        n_tokens: Tokens of the whole training.
    """
    with torch.random.fork_rng():
        torch.autograd.backward(one_loss())  # the first pass pays for allocations, so it is not timed
        start = time.perf_counter()
        torch.autograd.backward(one_loss())
        duration_s = time.perf_counter() - start
        activations = activation_bytes(model, one_loss)
    model.zero_grad(set_to_none=True)
    moments = ADAM_BYTES * sum(p.numel() for p in trainable(model).values())
    speed = batch_tokens / duration_s
    return Estimate(n_tokens, speed, n_tokens / speed, psutil.Process().memory_info().rss + activations + moments)
