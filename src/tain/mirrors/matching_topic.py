"""Whether mirrors are about what their parents are about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tain.core.example import Example

Floats = NDArray[np.floating]
Embed = Callable[[Sequence[str]], Floats]
"""Vectors of texts: n texts in, shape (n, d) out."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A human text and an AI text written to match it."""

    parent: Example
    mirror: Example

    @property
    def group(self) -> str:
        """What no split and no fold may part."""
        return self.parent.group or self.parent.id


@dataclass(frozen=True, slots=True)
class TopicMatch:
    """How near mirrors are to their parents in meaning.

    Attributes:
        n_pairs: Pairs that were embedded.
        paired: Mean cosine of a parent and its own mirror.
        shuffled: Mean cosine of a parent and the mirror of another text, of its domain where that has another.
        share_nearer: Of parents that are nearer to their own mirror than to the other; 0.5 is no match at all.
    """

    n_pairs: int
    paired: float
    shuffled: float
    share_nearer: float


def match_topics(pairs: Sequence[Pair], embed: Embed, *, seed: int) -> TopicMatch | None:
    """Cosines of own pairs against those of shuffled ones; None where all pairs are of one group.

    Args:
        pairs: Any number.
        embed: Gives texts their vectors.
        seed: Of the shuffling.
    """
    others = _shuffled(pairs, np.random.default_rng(seed))
    kept = [i for i, other in enumerate(others) if pairs[i].group != pairs[other].group]
    if not kept:
        return None
    vectors = _unit(embed([text for pair in pairs for text in (pair.parent.text, pair.mirror.text)]))
    humans, mirrors = vectors[0::2][kept], vectors[1::2]
    paired = (humans * mirrors[kept]).sum(1)
    shuffled = (humans * mirrors[[others[i] for i in kept]]).sum(1)
    nearer = float(np.mean(paired > shuffled) + np.mean(paired == shuffled) / 2)
    return TopicMatch(len(kept), float(paired.mean()), float(shuffled.mean()), nearer)


def _shuffled(pairs: Sequence[Pair], rng: np.random.Generator) -> list[int]:
    """For each pair another one, of the same domain where that has another."""
    places: dict[str | None, list[int]] = {}
    for i, pair in enumerate(pairs):
        places.setdefault(pair.parent.domain, []).append(i)
    others = [(i + int(rng.integers(1, max(2, len(pairs))))) % len(pairs) for i in range(len(pairs))]
    for members in places.values():
        if len(members) > 1:
            order = [members[i] for i in rng.permutation(len(members))]
            for one, other in zip(order, order[1:] + order[:1], strict=True):
                others[one] = other
    return others


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths == 0, 1.0, lengths)
