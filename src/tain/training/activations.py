"""The memory that a forward pass keeps for the backward pass, counted tensor by tensor."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from tain.methods.half_products import KEPT


def activation_bytes(model: nn.Module, one_loss: Callable[[], torch.Tensor]) -> int:
    """Bytes of the tensors that autograd keeps for one batch; weights, buffers and lasting copies of them aside.

    A storage that several operations keep counts once, as it is held once.

    Args:
        model: Prepared for training.
        one_loss: The loss of one batch.
    """
    kept: dict[int, torch.UntypedStorage] = {}

    def weigh(tensor: torch.Tensor) -> torch.Tensor:
        # The storage itself is remembered, so that a freed one's address cannot be another's.
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(weigh, lambda tensor: tensor):
        loss = one_loss()
    del loss
    copies = (copy for module in model.modules() for copy in vars(module).get(KEPT, ()) if copy is not None)
    own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers(), *copies)}
    return sum(storage.nbytes() for pointer, storage in kept.items() if pointer not in own)
