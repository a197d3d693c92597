"""A detector as the miner needs it: a hash that says what its scores depend on, and scores."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tain.core.example import Example
from tain.core.progress import progress
from tain.detector import Detector
from tain.mining.pool_scores import Floats, PoolScores, score_texts


class DetectorScorer:
    """Scores texts as the detector does, and always with the same engine."""

    def __init__(self, detector: Detector) -> None:
        """Take a detector; its network is loaded when the first text has to be scored.

        Args:
            detector: Saved, so that its files have hashes.
        """
        self.detector = detector

    @property
    def sha256(self) -> str:
        """Of all that decides a score; operating points do not."""
        settings = self.detector.settings
        parts = settings.model_dump(
            mode="json", include={"normaliser", "window_tokens", "rollup", "min_words", "classifier"}
        )
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The score of each text, NaN where it is too short, shape (n,)."""
        # Left to itself the reader takes numpy for few windows and torch once it is loaded. The two round otherwise, so
        # what a resumed process scores would depend on what it had scored before.
        self.detector.reader.engines.full()
        readings = self.detector.reader.read(texts)
        return np.array([np.nan if reading.score is None else reading.score for reading in readings], dtype=np.float64)


def score_all(
    scorer: DetectorScorer, examples: Sequence[Example], store: PoolScores, *, title: str, is_quiet: bool
) -> Floats:
    """The scores of texts in memory, shape (n,), as the store has them or computed now.

    Args:
        scorer: The detector.
        examples: The texts.
        store: Of every score.
        title: Of the bar.
        is_quiet: No bar.
    """
    with progress(title, len(examples), is_quiet=is_quiet) as advance:
        return score_texts(examples, detector=scorer.sha256, scorer=scorer, store=store, advance=advance)
