"""Texts of an evaluation that its detector was made from."""

from __future__ import annotations

import numpy as np

from tain.core.example import Corpus
from tain.core.progress import progress
from tain.detector import Detector
from tain.detector.seen import seen_hashes
from tain.evaluation.parts import SeenTexts


def find_seen(
    detector: Detector, corpus: Corpus, *, is_kept: bool = False, is_quiet: bool = False
) -> tuple[SeenTexts, list[bool]]:
    """How many texts the detector was made from, and which.

    A text is known again by its letters and digits. One that was cut or of which a word was changed is not: that no
    text is found proves little.

    Args:
        detector: Knows the hashes of its texts, or does not.
        corpus: The test.
        is_kept: They will be measured all the same.
        is_quiet: No progress bar.
    """
    seen = detector.seen
    if not seen.is_known:
        nothing = SeenTexts(n=len(corpus), n_seen=0, n_training=None, n_calibration=None, is_kept=is_kept)
        return nothing, [False] * len(corpus)
    numbers = []
    with progress("looking for texts that the detector has seen", len(corpus), is_quiet=is_quiet) as advance:
        for text in corpus.texts:
            numbers.append(seen_hashes([text], detector.reader.normaliser)[0])
            advance(1)
    parts = [None if known is None else np.isin(numbers, known) for known in (seen.training, seen.calibration)]
    either = np.any([part for part in parts if part is not None], axis=0)
    n_training, n_calibration = (None if part is None else int(part.sum()) for part in parts)
    found = SeenTexts(
        n=len(corpus),
        n_seen=int(either.sum()),
        n_training=n_training,
        n_calibration=n_calibration,
        is_kept=is_kept,
    )
    return found, either.tolist()
