"""Pretrained networks: where they come from, how they pool a text, and how a batch reaches them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tain.models.presets import PRESETS, Preset, find_base

if TYPE_CHECKING:
    from tain.models.backbone import Backbone as Backbone
    from tain.models.backbone import load_backbone as load_backbone
    from tain.models.batch import TokenIds as TokenIds
    from tain.models.batch import collate as collate
    from tain.models.batch import logits_of as logits_of

__all__ = ["PRESETS", "Backbone", "Preset", "TokenIds", "collate", "find_base", "load_backbone", "logits_of"]

_NEED_TORCH = {
    "Backbone": "backbone",
    "load_backbone": "backbone",
    "TokenIds": "batch",
    "collate": "batch",
    "logits_of": "batch",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (module attribute protocol)
    """Import torch only for what needs it: a check of one text asks only where a base lies."""
    if name in _NEED_TORCH:
        return getattr(importlib.import_module(f"tain.models.{_NEED_TORCH[name]}"), name)
    raise AttributeError(f"module 'tain.models' has no attribute {name!r}")
