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
from tain.detector.ngrams import NGRAMS
from tain.mining.pool_scores import Floats, PoolScores, score_texts


class DetectorScorer:
    """Scores texts as the detector does, and always with the same engine.

    Of a detector with n-grams the network's part is kept too, window by window: another that has the same network and
    other n-grams, as rounds of mining may make, is spared all but the n-grams.
    """

    def __init__(self, detector: Detector, store: PoolScores) -> None:
        """Take a detector; its network is loaded when the first text has to be scored.

        Args:
            detector: Saved, so that its files have hashes.
            store: Keeps what networks say.
        """
        self.detector, self.store = detector, store

    @property
    def sha256(self) -> str:
        """Of all that decides a score; operating points do not."""
        settings = self.detector.settings
        parts = settings.model_dump(
            mode="json", include={"normaliser", "window_tokens", "rollup", "min_words", "classifier"}
        )
        return _hash(parts)

    @property
    def network_sha256(self) -> str:
        """Of all that decides what the network says of a window."""
        files = self.detector.settings.classifier
        return _hash({"network": {name: sha256 for name, sha256 in files.items() if name != NGRAMS}})

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The score of each text, NaN where it is too short, shape (n,)."""
        # Left to itself the reader takes numpy for few windows and torch once it is loaded. The two round otherwise, so
        # what a resumed process scores would depend on what it had scored before.
        reader = self.detector.reader
        reader.engines.full()
        if reader.ngrams is None:
            readings = list(reader.read(texts))
        else:
            cuts = reader.cut(texts)
            readings = reader.join(cuts, self._of_windows([w.token_ids for cut in cuts for w in cut.windows]))
        return np.array([np.nan if reading.score is None else reading.score for reading in readings], dtype=np.float64)

    def _of_windows(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        keys = [_window_key(row) for row in rows]
        known = self.store.known(self.network_sha256, keys)
        missing = {key: row for key, row in zip(keys, rows, strict=True) if key not in known}
        new = dict(zip(missing, self.detector.reader.engines.scores(list(missing.values())).tolist(), strict=True))
        self.store.keep(self.network_sha256, new)
        known |= new
        return np.array([known[key] for key in keys], dtype=np.float32)


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


def _hash(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _window_key(row: Sequence[int]) -> bytes:
    return hashlib.blake2b(np.asarray(row, dtype=np.int32).tobytes(), digest_size=16).digest()
