"""What was read of a text, and the n-grams' part in its score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tain.corpora.normalise import Normalised
from tain.detector.ngrams import NgramModel
from tain.detector.rollup import roll_up
from tain.detector.windows import Window
from tain.evaluation.hashed_tfidf import MAX_CHARS


@dataclass(frozen=True, slots=True)
class Cut:
    """A text as the network will read it.

    Attributes:
        normalised: What is read, and the way back to the original.
        n_words: In the normalised text.
        windows: Empty when the text is too short.
    """

    normalised: Normalised
    n_words: int
    windows: list[Window]


@dataclass(frozen=True, slots=True)
class Reading:
    """A text and what the network said, with the n-grams where there are some.

    Attributes:
        normalised: What was read, and the way back to the original.
        n_words: In the normalised text.
        windows: Empty when the text is too short.
        scores: Logit of each window, shape (n_windows,).
        score: Of the text, or None when it is too short.
    """

    normalised: Normalised
    n_words: int
    windows: list[Window]
    scores: NDArray[np.float32]
    score: float | None


def add_ngrams(readings: Sequence[Reading], ngrams: NgramModel) -> list[Reading]:
    """The readings of a network with what n-grams add to each window and to the text.

    N-grams rank a whole text better than its windows one by one, as most of them are found once or never in a window.
    So they see all of a text up to 20,000 characters, and of a longer one as long stretches; its score is then
    not quite the mean of its windows.

    Args:
        readings: Texts without windows stay as they are.
        ngrams: Their model.
    """
    own = _scores(readings, [[[window] for window in reading.windows] for reading in readings], ngrams)
    stretches = [_stretches(reading.windows) for reading in readings]
    whole = _scores(readings, stretches, ngrams)
    return [
        replace(reading, scores=reading.scores + one, score=_sum(reading.score, parts, each))
        for reading, one, parts, each in zip(readings, own, whole, stretches, strict=True)
    ]


Stretch = list[Window]


def _stretches(windows: Sequence[Window]) -> list[Stretch]:
    """Neighbouring windows together, as many as the n-grams read at once."""
    found: list[Stretch] = []
    for window in windows:
        if found and window.end - found[-1][0].start <= MAX_CHARS:
            found[-1].append(window)
        else:
            found.append([window])
    return found


def _scores(
    readings: Sequence[Reading], stretches: Sequence[Sequence[Stretch]], ngrams: NgramModel
) -> list[NDArray[np.float32]]:
    texts = [
        reading.normalised.text[stretch[0].start : stretch[-1].end]
        for reading, own in zip(readings, stretches, strict=True)
        for stretch in own
    ]
    return np.split(ngrams.scores(texts), np.cumsum([len(own) for own in stretches])[:-1])


def _sum(network: float | None, parts: NDArray[np.float32], stretches: Sequence[Stretch]) -> float | None:
    if network is None:
        return None
    n_tokens = [sum(window.n_tokens for window in stretch) for stretch in stretches]
    return float(np.float32(network + roll_up(parts, n_tokens)))
