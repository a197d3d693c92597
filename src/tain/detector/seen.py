"""The texts that a detector was made from, as numbers: eight bytes each, from which no text can be read back.

They are there so that an evaluation can tell which of its texts the detector knows already. Whoever holds a text can
tell from them whether it was among the training texts; nobody can tell what the others were.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from tain.core.errors import DetectorError
from tain.core.files import whole_file
from tain.corpora.normalise import Normaliser
from tain.detector.arrays import read_arrays
from tain.evaluation.overlap import Hashes, hash_each

SEEN = "seen.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Hashes of the texts that a detector was made from, rising and each once.

    Attributes:
        training: Of the texts that it was trained and validated on; None where that is not known.
        calibration: Of the texts that its operating points and probabilities come from; None where that is not known.
    """

    training: Hashes | None = None
    calibration: Hashes | None = None

    @property
    def is_known(self) -> bool:
        """Whether anything is."""
        return self.training is not None or self.calibration is not None

    def calibrated(self, hashes: Hashes, *, is_added: bool = False) -> Seen:
        """The same training texts with those of a new calibration.

        Args:
            hashes: Of the new calibration texts.
            is_added: Something of the earlier calibration stays, so that its texts count too.
        """
        if is_added:
            # Of an earlier calibration whose texts nobody noted, these would be no more than a part.
            both = None if self.calibration is None else np.union1d(self.calibration, hashes)
            return Seen(self.training, both)
        return Seen(self.training, hashes)


UNKNOWN = Seen()


def seen_hashes(texts: Iterable[str], normaliser: Normaliser) -> Hashes:
    """The hash of each text in order, repeats included.

    Args:
        texts: Whole and raw.
        normaliser: Of the detector, so that a copy with other quotes, marks or look-alikes has the same hash.
    """
    return hash_each(normaliser.normalise(text).text for text in texts)


def write_seen(path: Path, seen: Seen) -> None:
    """Write the hashes that are known, whole or not at all; no file where none are.

    Args:
        path: The file.
        seen: What to write.
    """
    known = {"training": seen.training, "calibration": seen.calibration}
    arrays = {name: np.ascontiguousarray(np.unique(value)) for name, value in known.items() if value is not None}
    if arrays:
        with whole_file(path) as part:
            save_file(arrays, part)


def read_seen(folder: Path) -> Seen:
    """The hashes that a folder holds; of one without them nothing is known.

    Args:
        folder: Of a detector, a Classifier or tokenised texts.

    Raises:
        DetectorError: If the file is damaged.
    """
    file = folder / SEEN
    if not file.is_file():
        return UNKNOWN
    arrays = read_arrays(file)
    odd = {name: value.dtype for name, value in arrays.items() if value.dtype != np.uint64 or value.ndim != 1}
    if odd:
        raise DetectorError(f"{file}: holds {odd}; expected hashes of 64 bits in a row. Copy the folder again.")
    return Seen(arrays.get("training"), arrays.get("calibration"))
