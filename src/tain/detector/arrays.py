"""Arrays kept beside a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from tain.core.errors import DetectorError


def read_arrays(file: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file, by name.

    Args:
        file: The file.

    Raises:
        DetectorError: If it cannot be read.
    """
    try:
        arrays: dict[str, NDArray[Any]] = load_file(file)
    except (OSError, SafetensorError) as error:
        raise DetectorError(f"{file}: cannot be read as safetensors ({error}). Copy the folder again.") from error
    return arrays
