"""tain: train, measure and serve detectors of AI-generated text by low-rank fine-tuning.

`from tain import Detector; Detector.load().check(text)` scores a text with the detector that ships.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tain.core.version import VERSION as __version__

if TYPE_CHECKING:
    from tain.detector import Detector as Detector

__all__ = ["Detector", "__version__"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (module attribute protocol)
    """Import torch only when a Detector is asked for."""
    if name == "Detector":
        from tain.detector import Detector

        return Detector
    raise AttributeError(f"module 'tain' has no attribute {name!r}")
