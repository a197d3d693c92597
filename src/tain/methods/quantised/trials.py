"""How wrong a matrix is under each layout: measured once, and kept for every budget, rate and seed that asks again.

A budget is spent by the errors of every matrix under 28 layouts. Measuring them takes minutes for MiniLM, and none of
them depends on the budget.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from tain.core.cache import cache_folder
from tain.core.errors import DataError
from tain.core.files import read_json, write_json
from tain.methods.quantised.layout import Layout

KIND = "layout-errors"
VERSION = 1
"""Goes up when the same matrix and settings give other errors."""


def trial_errors(
    measure: Callable[[Layout], float],
    layouts: Sequence[Layout],
    weight: torch.Tensor,
    importance: torch.Tensor | None,
    *,
    settings: Sequence[object],
) -> list[float]:
    """The error under each layout, read from the cache if it was measured before.

    Args:
        measure: Gives the error under one layout.
        layouts: In order.
        weight: The matrix.
        importance: Of each of its weights, or None.
        settings: All else that the errors depend on.
    """
    file = cache_folder(KIND) / f"{_key(layouts, weight, importance, settings)}.json"
    known = _known(file, len(layouts))
    if known is None:
        known = [measure(layout) for layout in layouts]
        _keep(known, file)
    return known


def _known(file: Path, n: int) -> list[float] | None:
    try:
        found = read_json(file)
    except DataError:
        return None
    return found if isinstance(found, list) and len(found) == n else None


def _keep(errors: list[float], file: Path) -> None:
    try:
        write_json(file, errors)
    except (OSError, ValueError):
        return  # a cache that cannot be written costs time, and nothing else


def _key(
    layouts: Sequence[Layout], weight: torch.Tensor, importance: torch.Tensor | None, settings: Sequence[object]
) -> str:
    parts = [VERSION, torch.__version__, list(settings), [repr(layout) for layout in layouts], list(weight.shape)]
    digest = hashlib.sha256(json.dumps(parts).encode())
    for tensor in (weight, importance):
        digest.update(b"none" if tensor is None else tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]
