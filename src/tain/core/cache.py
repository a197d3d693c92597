"""Where what can be made again is kept, so that it need not be."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "TAIN_CACHE"


def cache_folder(kind: str) -> Path:
    """The folder of one kind of thing, under $TAIN_CACHE or ~/.cache/tain; it need not exist yet.

    Args:
        kind: Such as tokens.
    """
    root = os.environ.get(VARIABLE)
    return (Path(root) if root else Path.home() / ".cache" / "tain") / kind
