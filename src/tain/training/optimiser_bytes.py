"""What an optimiser keeps in memory."""

from __future__ import annotations

import torch


def optimiser_bytes(optimiser: torch.optim.Optimizer) -> int:
    """The bytes of all tensors in an optimiser's state, step counters included.

    Args:
        optimiser: Any of torch's or one of ours, also as accelerate wraps it. Most make their state at the first
            step: before it the answer is 0.
    """
    tensors = [value for state in optimiser.state.values() for value in state.values()]
    return sum(value.numel() * value.element_size() for value in tensors if isinstance(value, torch.Tensor))
