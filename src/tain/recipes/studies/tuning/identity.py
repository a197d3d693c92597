"""What a cell's settings are known by, however they were written and wherever a backbone lies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from tain.core.files import sha256_of
from tain.models import PRESETS, find_base

OF_A_BASE = {".json", ".safetensors", ".bin", ".txt", ".model", ".tiktoken"}


def method_settings(method: Mapping[str, Any]) -> dict[str, Any]:
    """The kind of a method and every setting of it, defaults written out.

    Args:
        method: What the study says of it.

    Raises:
        ConfigError: If the kind or a setting is unknown or impossible.
    """
    from tain.methods import build_method

    built = build_method(dict(method))
    return {"kind": built.kind, **built.config.model_dump(mode="json")}


@lru_cache
def base_identity(name: str) -> str:
    """What a backbone is known by: its Hub id or, of a folder, the sha256 of its network, weights and tokenizer.

    Args:
        name: Preset, folder or Hub id; empty for none.

    Raises:
        ConfigError: If it is none of them.
    """
    if not name:
        return ""
    if name in PRESETS:
        return PRESETS[name].hub_id
    folder = Path(find_base(name))
    if not folder.is_dir():
        return name
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.suffix in OF_A_BASE)
    parts = [f"{file.name} {sha256_of(file)}" for file in files]
    return "sha256:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()
