"""A frozen classifier whose adapters change from text to text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from tain.methods.text_to_lora import Factors, Place, injected
from tain.methods.text_to_lora.factors import take
from tain.methods.text_to_lora.injection import SharedInputError
from tain.models import Backbone, TokenIds, collate, logits_of
from tain.training.text_to_lora.frozen import FrozenBlocks


class AdaptedNetwork:
    """Tokenised texts and adapters in, logits out; gradients reach the adapters."""

    def __init__(self, backbone: Backbone, places: Sequence[Place], *, scale: float, keep_frozen: bool = False) -> None:
        """Take a backbone over.

        Args:
            backbone: Frozen, with its head.
            places: The layers that adapters change.
            scale: What B A is multiplied by.
            keep_frozen: Remember what the blocks below the lowest of them make of each text.
        """
        self.backbone, self.scale = backbone, scale
        self._is_split = False
        self.frozen = FrozenBlocks(backbone.model, places) if keep_frozen else None

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return next(self.backbone.model.parameters()).device

    def __call__(self, rows: Sequence[TokenIds], factors: Factors, tasks: torch.Tensor | None = None) -> torch.Tensor:
        """The logits of a batch, shape (n_texts, 2), float32.

        Args:
            rows: Token ids of each text.
            factors: The adapters of some tasks.
            tasks: Which of them each text has, shape (n_texts,); None where there is one, or none at all.
        """
        if tasks is None:
            return self._logits(rows, factors)
        if not self._is_split:
            try:
                return self._logits(rows, take(factors, tasks))
            except SharedInputError:
                self._is_split = True
        return self._task_by_task(rows, factors, tasks)

    def _task_by_task(self, rows: Sequence[TokenIds], factors: Factors, tasks: torch.Tensor) -> torch.Tensor:
        logits: list[torch.Tensor] = [torch.empty(0)] * len(rows)
        asked = tasks.tolist()
        for task in sorted(set(asked)):
            own = [index for index, each in enumerate(asked) if each == task]
            found = self._logits([rows[i] for i in own], take(factors, torch.tensor([task], device=tasks.device)))
            for index, each in zip(own, found, strict=True):
                logits[index] = each
        return torch.stack(logits)

    def _logits(self, rows: Sequence[TokenIds], factors: Factors) -> torch.Tensor:
        batch = collate(rows, pad_id=int(self.backbone.tokenizer.pad_token_id))
        on_device = {key: value.to(self.device) for key, value in batch.items()}
        model = self.backbone.model
        with injected(model, factors, scale=self.scale):
            if self.frozen is None:
                return logits_of(model, on_device)
            with self.frozen.reused(rows, on_device):
                return logits_of(model, on_device)

    def margins(
        self, rows: Sequence[TokenIds], factors: Factors | None = None, *, batch_tokens: int = 4096
    ) -> NDArray[np.float32]:
        """The logit of yes minus that of no for each text, in order.

        Args:
            rows: Token ids of each text.
            factors: Of one task; None asks the network without an adapter.
            batch_tokens: Padded size of a batch.
        """
        found = np.empty(len(rows), dtype=np.float32)
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
        start = 0
        with torch.inference_mode():
            for end in range(1, len(order) + 1):
                if end < len(order) and (end - start + 1) * len(rows[order[end]]) <= batch_tokens:
                    continue
                logits = self([rows[i] for i in order[start:end]], factors or {})
                found[order[start:end]] = (logits[:, 1] - logits[:, 0]).cpu().numpy()
                start = end
        return found
