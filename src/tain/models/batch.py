"""How texts become a batch: padded on the right, always, so that no setting of a tokenizer changes a score."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

_FEW_WIDTHS = 64
TokenIds = Sequence[int] | NDArray[np.int32]


def collate(
    rows: Sequence[TokenIds], *, pad_id: int, multiple: int = 1, limit: int | None = None
) -> dict[str, torch.Tensor]:
    """Token ids and mask of a batch.

    Args:
        rows: Token ids of each text, special tokens included.
        pad_id: Id that fills short rows up.
        multiple: Batches wider than 64 are as wide as a multiple of it,
        limit: or as this, which a longer row alone exceeds.

    Returns:
        `input_ids` and `attention_mask`, int64 of shape (n_texts, longest row), or a little wider.
    """
    width = max(map(len, rows))
    if width > _FEW_WIDTHS:
        width = max(width, min(width + -width % multiple, limit or sys.maxsize))
    ids = torch.full((len(rows), width), pad_id, dtype=torch.int64)
    mask = torch.zeros((len(rows), width), dtype=torch.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.from_numpy(np.array(row, dtype=np.int64))
        mask[index, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def by_length(lengths: Sequence[int], *, batch_tokens: int) -> Iterator[list[int]]:
    """Indices of rows, sorted by length and cut into batches, so that little of a batch is padding.

    Args:
        lengths: Tokens of each row.
        batch_tokens: Most tokens of a batch with its padding, unless one row alone has more.
    """
    chosen: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if chosen and (len(chosen) + 1) * lengths[index] > batch_tokens:
            yield chosen
            chosen = []
        chosen.append(index)
    if chosen:
        yield chosen


def logits_of(model: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The logits of a batch in float32, shape (n_texts, n_labels)."""
    logits: torch.Tensor = model(**batch).logits
    return logits.float()
