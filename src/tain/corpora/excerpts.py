"""Excerpts of texts: where a long text is entered, and where it is left."""

from __future__ import annotations

import re
from zlib import crc32

import numpy as np

from tain.corpora.lengths import count_words, cut_words

_SENTENCE_START = re.compile(r"[.!?…][\"')\]]*\s+(?=\S)")
_SHARE_FROM_THE_BEGINNING = 0.5
_SHARE_CUT_MID_SENTENCE = 0.25


def excerpt(text: str, rng: np.random.Generator, *, low: int, high: int) -> str:
    """A passage of a text, of a random length and mostly ending with a sentence where it can.

    Half of the passages begin where the text does; the others begin at a random sentence that leaves enough words,
    so that a detector learns what the middle of a text looks like, which is what its windows show it. A quarter of
    them stop mid-sentence: many human corpora were cut there, and an unfinished sentence must not mean "human".

    Args:
        text: Normalised.
        rng: Draws place and length.
        low: Fewest words to aim for.
        high: Most words to keep.
    """
    if rng.random() >= _SHARE_FROM_THE_BEGINNING:
        text = text[_random_start(text, rng, n_words=high) :]
    if rng.random() < _SHARE_CUT_MID_SENTENCE:
        return _first_words(text, int(rng.integers(low, high + 1)))
    return cut_words(text, rng, low=low, high=high)


def training_excerpt(text: str, name: str, *, seed: int, view: int = 0, low: int, high: int) -> str:
    """The passage of a text that everything trained with a seed sees of it, whatever order texts are read in.

    Args:
        text: Normalised.
        name: Id of the example.
        seed: Of the training.
        view: Which passage of the text, from 0.
        low: As for `excerpt`.
        high: As for `excerpt`.
    """
    rng = np.random.default_rng([seed, view, crc32(name.encode("utf-8", "replace"))])
    return excerpt(text, rng, low=low, high=high)


def _first_words(text: str, n_words: int) -> str:
    words = text.split()
    # The last word of a whole text is left off too, so that short texts can end mid-sentence.
    return " ".join(words[: min(n_words, max(1, len(words) - 1))])


def _random_start(text: str, rng: np.random.Generator, *, n_words: int) -> int:
    starts = [match.end() for match in _SENTENCE_START.finditer(text)]
    n_after = count_words(text)
    # A sentence start is good while enough words follow; words grow with characters closely enough to choose by.
    limit = len(text) * (1 - n_words / n_after) if n_after > n_words else 0
    good = [start for start in starts if start <= limit]
    return int(rng.choice(good)) if good else 0
