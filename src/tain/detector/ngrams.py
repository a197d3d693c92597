"""A linear model of n-grams whose logits are added to the network's.

A small network learns the manner of a text and passes over its single words; n-grams of characters and words do the
reverse. On kinds of text that neither has seen, the two together rank better than either (docs/adr/0012), so the sum is
the detector's score. Each is fitted to the labels alone and to the same texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tain.core.errors import DetectorError
from tain.core.files import whole_file
from tain.evaluation.hashed_tfidf import CharTfidf, NgramTfidf, WordPairTfidf

NGRAMS = "ngrams.safetensors"
_KINDS = {
    "char_columns": np.int32,
    "char_idf": np.float16,
    "word_columns": np.int32,
    "word_idf": np.float16,
    "weights": np.float16,
    "intercept": np.float32,
    "share": np.float32,
}


@dataclass(frozen=True)
class NgramModel:
    """Texts in, logits out.

    Attributes:
        features: TF-IDF of hashed n-grams of characters and words.
        weights: One for each, shape (k,).
        intercept: Added to their sum.
        share: How many logits of the network one of these counts for.
    """

    features: NgramTfidf
    weights: NDArray[np.float32]
    intercept: float
    share: float = 1.0

    @classmethod
    def fit(cls, texts: Sequence[str], is_ai: ArrayLike, *, share: float = 1.0, seed: int = 0) -> NgramModel:
        """The classical model `ngrams-logistic`, at the precision it is kept in.

        Args:
            texts: n of them, normalised.
            is_ai: Shape (n,), true for AI.
            share: How many logits of the network one of these counts for.
            seed: Of the solver.

        Raises:
            MetricError: If a class is absent, or no two texts share an n-gram.
        """
        from tain.evaluation.baselines.learners import LEARNERS  # scikit-learn, which no reader of a detector needs

        features = NgramTfidf()
        rows = features.fit_transform(texts)
        learner = LEARNERS["ratio-logistic"].build(seed, 2).fit(rows, np.asarray(is_ai, dtype=bool))
        chars, words = features.chars, features.words
        kept = NgramTfidf(
            CharTfidf.of(chars.columns, _short(chars.idf)), WordPairTfidf.of(words.columns, _short(words.idf))
        )
        return cls(kept, _short(learner.coef_[0]), float(learner.intercept_[0]), share)

    def scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """What is added to the logit of ai minus that of human for each text, shape (n,).

        Args:
            texts: Normalised.
        """
        if not len(texts):
            return np.empty(0, dtype=np.float32)
        found: NDArray[np.float32] = self.features.transform(texts) @ self.weights
        return ((found + self.intercept) * self.share).astype(np.float32)


def write_ngrams(path: Path, model: NgramModel) -> None:
    """Write a model, whole or not at all: eight bytes for each n-gram.

    Args:
        path: The file.
        model: What to write.
    """
    arrays: dict[str, NDArray[Any]] = {
        "char_columns": model.features.chars.columns,
        "char_idf": model.features.chars.idf,
        "word_columns": model.features.words.columns,
        "word_idf": model.features.words.idf,
        "weights": model.weights,
        "intercept": np.array([model.intercept]),
        "share": np.array([model.share]),
    }
    with whole_file(path) as part:
        save_file({name: value.astype(_KINDS[name]) for name, value in arrays.items()}, part)


def read_ngrams(folder: Path) -> NgramModel | None:
    """The model beside a network, or None where the network stands alone.

    Args:
        folder: Of a Classifier.

    Raises:
        DetectorError: If the file is damaged.
    """
    file = folder / NGRAMS
    if not file.is_file():
        return None
    try:
        arrays = load_file(file)
    except (OSError, SafetensorError) as error:
        raise DetectorError(f"{file}: cannot be read as safetensors ({error}). Copy the folder again.") from error
    kinds = {name: value.dtype for name, value in arrays.items()}
    if kinds != {name: np.dtype(kind) for name, kind in _KINDS.items()}:
        raise DetectorError(f"{file}: holds {kinds}; expected the n-grams of a detector. Copy the folder again.")
    chars = CharTfidf.of(arrays["char_columns"], arrays["char_idf"])
    words = WordPairTfidf.of(arrays["word_columns"], arrays["word_idf"])
    return NgramModel(
        NgramTfidf(chars, words),
        weights=arrays["weights"].astype(np.float32),
        intercept=float(arrays["intercept"][0]),
        share=float(arrays["share"][0]),
    )


def _short(values: NDArray[np.floating]) -> NDArray[np.float32]:
    # What is kept is what is used from the start, so that a model answers the same before and after it is saved.
    return values.astype(np.float16).astype(np.float32)
