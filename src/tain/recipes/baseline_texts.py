"""Texts for detectors that are no network: normalised and cut as those of a detector are."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from tain.core.errors import DataError
from tain.core.example import Corpus
from tain.corpora.excerpts import excerpt
from tain.corpora.lengths import count_words, cut_at_sentence
from tain.corpora.normalise import LATEST, get_normaliser
from tain.evaluation.overlap import overlap, text_hashes
from tain.recipes.configuration import CorpusConfig

AS_TRAINED = CorpusConfig()
"""How a Run normalises and cuts its texts unless it is told otherwise."""

_LONGEST = 10**6


def cut_for_training(train: Corpus, *, seed: int, cuts: CorpusConfig = AS_TRAINED) -> tuple[Corpus, list[str]]:
    """The training examples that are long enough, and the passage of each that a Run of the same seed sees first.

    Args:
        train: As read.
        seed: Of the draws.
        cuts: How texts are normalised and cut.
    """
    normalise = get_normaliser(cuts.normaliser).normalise
    normal = [normalise(example.text).text for example in train]
    is_long = [count_words(text) >= cuts.min_words for text in normal]
    kept = train.select(is_long)
    passages = []
    for example, text in zip(kept, (text for text, keep in zip(normal, is_long, strict=True) if keep), strict=True):
        rng = np.random.default_rng([seed, 0, crc32(example.id.encode("utf-8", "replace"))])
        passages.append(excerpt(text, rng, low=cuts.cut_low, high=cuts.cut_high))
    return kept, passages


def plain(texts: Sequence[str], *, normaliser: int = LATEST, min_words: int = 50) -> list[str]:
    """The texts normalised, each up to its last whole sentence where that leaves `min_words`.

    Several corpora cut their human texts in mid-sentence and their AI texts not, which gives the label away.

    Args:
        texts: As read.
        normaliser: Its version.
        min_words: The fewest words to leave.
    """
    normalise = get_normaliser(normaliser).normalise
    return [cut_at_sentence(normalise(text).text, _LONGEST, at_least=min_words) for text in texts]


def need_unseen(train: Corpus, texts: Sequence[str]) -> None:
    """Return only if no text of a test is among the training texts, whatever its case, spaces and marks.

    Args:
        train: As read.
        texts: Of the test, as read.

    Raises:
        DataError: With how many are, and which is the first.
    """
    found = overlap(texts, text_hashes(train.texts))
    if found.positions:
        raise DataError(
            f"{found.seen.k:,} of the {found.seen.n:,} texts to be scored are among the {len(train):,} training texts "
            f"of the baselines, first number {found.positions[0] + 1}. What is known by heart proves nothing: leave "
            "them out of one side."
        )
