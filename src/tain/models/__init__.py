"""Pretrained networks: where they come from, how they pool a text, and how a batch reaches them."""

from tain.models.backbone import Backbone, load_backbone
from tain.models.batch import TokenIds, collate, logits_of
from tain.models.presets import PRESETS, Preset, find_base

__all__ = ["PRESETS", "Backbone", "Preset", "TokenIds", "collate", "find_base", "load_backbone", "logits_of"]
