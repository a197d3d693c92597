"""Texts for detectors that are no network: normalised and cut as those of a detector are."""

from __future__ import annotations

from collections.abc import Sequence

from tain.core.errors import DataError
from tain.core.example import Corpus
from tain.corpora.excerpts import training_excerpt
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
    long = [text for text, keep in zip(normal, is_long, strict=True) if keep]
    return kept, [
        training_excerpt(text, example.id, seed=seed, low=cuts.cut_low, high=cuts.cut_high)
        for example, text in zip(kept, long, strict=True)
    ]


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


def without_known(train: Corpus, texts: Sequence[str]) -> Corpus:
    """The training examples whose text is not in a test, whatever its case, spaces and marks.

    Args:
        train: As read.
        texts: Of the test, as read.

    Raises:
        DataError: If nothing is left.
    """
    known = set(overlap(train.texts, text_hashes(texts)).positions)
    if len(known) == len(train):
        raise DataError(
            f"All {len(train):,} training texts of the baselines are among the {len(texts):,} texts to be scored. What "
            "is known by heart proves nothing: train on other texts."
        )
    return train.select([place not in known for place in range(len(train))])
