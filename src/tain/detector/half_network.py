"""A network of any architecture with its products in bfloat16, on an accelerator or on a processor that has it.

Linear layers are kept in bfloat16, so that none is cast for each batch; what is added up from block to block, its norms
and the head stay float32, as torch's autocast has it for all but the head. `packed_bert` is faster for plain BERT
networks on a processor.

Source: Micikevicius et al. 2017, Mixed precision training, arXiv:1710.03740, of which only the way forward is needed
here, and no scaling, as bfloat16 reaches as far as float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import PreTrainedModel

from tain.core.progress import Advance
from tain.methods.method import is_head
from tain.training.classifier import Classifier
from tain.training.hardware import keep_few_kernels


class HalfNetwork:
    """Token ids in, logits out."""

    def __init__(self, classifier: Classifier) -> None:
        """Take a classifier over; it is changed in memory and must not be saved.

        Args:
            classifier: Merged where its method can, and on its device.
        """
        keep_few_kernels()  # every batch has a width of its own
        self._classifier = classifier
        self._device = next(classifier.model.parameters()).device.type
        _halve(classifier.model)

    def logits(
        self, rows: Sequence[Sequence[int]], *, batch_tokens: int = 8192, advance: Advance | None = None
    ) -> NDArray[np.float32]:
        """As `Classifier.logits`."""
        with torch.autocast(self._device, dtype=torch.bfloat16):
            return self._classifier.logits(rows, batch_tokens=batch_tokens, advance=advance)


class _FullForward(nn.Module):
    """Computes in float32 whatever is computed around it."""

    def forward(self, states: torch.Tensor, *further: Any) -> Any:  # noqa: ANN401 (the head's own)
        with torch.autocast(states.device.type, enabled=False):
            return super().forward(states.float(), *further)


def _halve(model: nn.Module) -> None:
    words = {id(found) for each in model.modules() if (found := _word_head(each)) is not None}
    embedded = {id(each.weight) for each in model.modules() if isinstance(each, nn.Embedding)}
    for name, module in list(model.named_modules()):
        if id(module) in words or (is_head(name) and not is_head(name.rpartition(".")[0])):
            kind = type(module)
            module.__class__ = type(f"Full{kind.__name__}", (_FullForward, kind), {})
        elif isinstance(module, nn.Linear) and not is_head(name) and id(module.weight) not in embedded:
            module.to(torch.bfloat16)


def _word_head(model: nn.Module) -> nn.Module | None:
    found: Any = getattr(model, "get_output_embeddings", lambda: None)() if isinstance(model, PreTrainedModel) else None
    return found if isinstance(found, nn.Module) else None
