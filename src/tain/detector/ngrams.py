"""A linear model of n-grams whose logits are added to the network's.

A small network learns the manner of a text and passes over its single words; n-grams of characters and words do the
reverse, and the sum ranks texts better, on average, than either (docs/adr/0012). Skeletons, runs of words of which only
the common ones are read, do not hang on what a text is about. Each is fitted to the labels alone and to the same texts.
Scoring needs numpy and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors.numpy import save_file

from tain.core.errors import DetectorError
from tain.core.files import whole_file
from tain.detector.arrays import read_arrays
from tain.evaluation.hashed_tfidf import NGRAM_BLOCKS, NgramTfidf, Vocabulary
from tain.evaluation.hashing import N_BUCKETS

NGRAMS = "ngrams.safetensors"
BLOCK_TEXTS = 256
_OLDEST = ("char", "word")
"""The blocks of the first detectors; those made since have all."""


@dataclass(frozen=True)
class NgramModel:
    """Texts in, logits out.

    Attributes:
        blocks: The n-grams of each kind, in the order of `NGRAM_BLOCKS`.
        weights: One for each n-gram, block by block, shape (k,).
        intercept: Added to their sum.
        share: How many logits of the network one of these counts for.
    """

    blocks: dict[str, Vocabulary]
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
            MetricError: If no two texts share an n-gram.
        """
        from tain.evaluation.baselines.ratio_logistic import RatioLogistic  # scikit-learn, which no reader needs

        features = NgramTfidf()
        learner = RatioLogistic(random_state=seed).fit(features.fit_transform(texts), np.asarray(is_ai, dtype=bool))
        return cls._made(features, learner.coef_[0], float(learner.intercept_[0]), share)

    @classmethod
    def distil(cls, texts: Sequence[str], scores: ArrayLike, *, penalty: float = 1.0) -> NgramModel:
        """The n-grams that follow the scores of another model most closely, by ridge regression.

        Args:
            texts: n of them, normalised; nobody need know who wrote them.
            scores: What the other model says of them, shape (n,).
            penalty: On the squares of the weights.

        Raises:
            MetricError: If no two texts share an n-gram.
        """
        from sklearn.linear_model import Ridge

        features = NgramTfidf()
        learner = Ridge(alpha=penalty, solver="sparse_cg").fit(features.fit_transform(texts), np.asarray(scores))
        return cls._made(features, learner.coef_, float(learner.intercept_), 1.0)

    @classmethod
    def _made(cls, features: NgramTfidf, weights: NDArray[np.floating], intercept: float, share: float) -> NgramModel:
        blocks = {name: _short(part.vocabulary) for name, part in features.blocks.items()}
        short = weights.astype(np.float16).astype(np.float32)
        return cls(blocks, short, float(np.float32(intercept)), share)

    def scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """What is added to the logit of ai minus that of human for each text, shape (n,).

        Args:
            texts: Normalised.
        """
        blocks = [self._scores(texts[i : i + BLOCK_TEXTS]) for i in range(0, len(texts), BLOCK_TEXTS)]
        return np.concatenate([np.empty(0, dtype=np.float32), *blocks])

    def _scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        total = np.full(len(texts), self.intercept)
        for vocabulary, weights in zip(self.blocks.values(), self._parts(), strict=True):
            found = vocabulary.weigh(texts)
            total += np.bincount(found.rows, found.counts * weights[found.buckets], minlength=len(texts))
        return (total * self.share).astype(np.float32)

    def _parts(self) -> list[NDArray[np.float32]]:
        return np.split(self.weights, np.cumsum([len(block.columns) for block in self.blocks.values()])[:-1])


def write_ngrams(path: Path, model: NgramModel) -> None:
    """Write a model, whole or not at all: eight bytes for each n-gram.

    Args:
        path: The file.
        model: What to write.
    """
    arrays: dict[str, NDArray[Any]] = {f"{name}_columns": block.columns for name, block in model.blocks.items()}
    arrays |= {f"{name}_idf": block.idf for name, block in model.blocks.items()}
    arrays |= {
        "weights": model.weights,
        "intercept": np.array([model.intercept]),
        "share": np.array([model.share]),
    }
    kinds = _kinds(model.blocks)
    with whole_file(path) as part:
        save_file({name: value.astype(kinds[name]) for name, value in arrays.items()}, part)


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
    arrays = read_arrays(file)
    blocks = tuple(NGRAM_BLOCKS) if "skeleton_columns" in arrays else _OLDEST
    if not _is_sound(arrays, blocks):
        kinds = {name: f"{value.dtype} of shape {value.shape}" for name, value in arrays.items()}
        raise DetectorError(f"{file}: holds {kinds}; expected the n-grams of a detector. Copy the folder again.")
    return NgramModel(
        {name: _vocabulary(name, arrays) for name in blocks},
        arrays["weights"].astype(np.float32),
        float(arrays["intercept"][0]),
        float(arrays["share"][0]),
    )


def _vocabulary(name: str, arrays: dict[str, NDArray[Any]]) -> Vocabulary:
    count, _ = NGRAM_BLOCKS[name]
    return Vocabulary(count, arrays[f"{name}_columns"], arrays[f"{name}_idf"].astype(np.float32))


def _kinds(blocks: Iterable[str]) -> dict[str, type[np.generic]]:
    found: dict[str, type[np.generic]] = {"weights": np.float16, "intercept": np.float32, "share": np.float32}
    for name in blocks:
        found |= {f"{name}_columns": np.int32, f"{name}_idf": np.float16}
    return found


def _is_sound(arrays: dict[str, NDArray[Any]], blocks: Sequence[str]) -> bool:
    kinds = {name: np.dtype(kind) for name, kind in _kinds(blocks).items()}
    if {name: value.dtype for name, value in arrays.items()} != kinds:
        return False
    columns = [arrays[f"{name}_columns"] for name in blocks]
    shapes = {f"{name}_idf": len(own) for name, own in zip(blocks, columns, strict=True)}
    shapes |= {"weights": sum(map(len, columns)), "intercept": 1, "share": 1}
    return all(arrays[name].shape == (n,) for name, n in shapes.items()) and all(map(_are_buckets, columns))


def _are_buckets(columns: NDArray[np.int32]) -> bool:
    is_within = not columns.size or (columns[0] >= 0 and columns[-1] < N_BUCKETS)
    return bool(is_within and np.all(np.diff(columns) > 0))


def _short(vocabulary: Vocabulary) -> Vocabulary:
    # What is kept is what is used from the start, so that a model answers the same before and after it is saved.
    return Vocabulary(vocabulary.count, vocabulary.columns, vocabulary.idf.astype(np.float16).astype(np.float32))
