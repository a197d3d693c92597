"""Disagreement with the nearest texts: a label among others of another class is suspect.

Neighbours are texts of the largest cosine. A text's own group is left out: a mirror and the human text that it was
written to match lie side by side with different labels, and both are right. Texts that lie equally far at the edge
share the places that are left, so that the order of the texts does not matter. Votes are not weighed by how common a
label is: where one is rare, its texts are doubted more, and rightly so if labels went wrong at random.

Source: the rule of Wilson 1972, Asymptotic properties of nearest neighbor rules using edited data, as a share.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances_chunked

from tain.core.errors import ConfigError, DataError

Vector = NDArray[np.float64]
Labels = NDArray[np.integer]
TIE = 1e-9  # cosines of equal texts differ by rounding
CHUNK_MIB = 64
TINY = 1e-12


def disagreement(
    states: NDArray[np.floating], labels: Labels, *, groups: Labels | None = None, n_neighbours: int = 10
) -> Vector:
    """The share of each text's nearest neighbours that have another label.

    Args:
        states: What stands for each text, shape (n, d), such as what a network's head reads.
        labels: Class index of each, shape (n,).
        groups: Group index of each, shape (n,), such as a text and its mirrors; None leaves out only the text itself.
        n_neighbours: k; where fewer are outside the group, all of those.

    Returns:
        From 0 to 1, shape (n,); 0.5 for a text that has no other group to be compared with.

    Raises:
        ConfigError: If k is below 1.
        DataError: If shapes do not fit, or a number is none.

    Cost: O(n² d), with 64 MB for distances at a time.
    """
    if n_neighbours < 1:
        raise ConfigError(f"n_neighbours is {n_neighbours}, expected 1 or more.")
    own = _sound(states, labels)
    parts = np.arange(len(own)) if groups is None else np.asarray(groups)
    if parts.shape != labels.shape:
        raise DataError(f"Groups have shape {parts.shape}, expected one for each of {len(labels)} texts.")
    reduce = _reduction(np.asarray(labels), parts, n_neighbours)
    chunks = pairwise_distances_chunked(own, metric="cosine", reduce_func=reduce, working_memory=CHUNK_MIB, n_jobs=1)
    return np.concatenate(list(chunks))


def nearest(
    states: NDArray[np.floating], place: int, *, groups: Labels | None = None, n_neighbours: int = 3
) -> tuple[NDArray[np.intp], Vector]:
    """The texts that one text is most like, outside its own group.

    Args:
        states: What stands for each text, shape (n, d).
        place: Of the text, from 0.
        groups: Group index of each, shape (n,); None leaves out only the text itself.
        n_neighbours: At most so many.

    Returns:
        Their places, the nearest first, and their cosines.
    """
    own = np.asarray(states, dtype=np.float64)
    lengths = np.linalg.norm(own, axis=1)
    likeness = (own @ own[place]) / np.maximum(lengths * lengths[place], TINY)
    is_other = np.arange(len(own)) != place if groups is None else groups != groups[place]
    others = np.flatnonzero(is_other)
    chosen = others[np.argsort(-likeness[others], kind="stable")[:n_neighbours]]
    return chosen, likeness[chosen]


def _reduction(labels: Labels, groups: Labels, k: int) -> Callable[[NDArray[np.float64], int], Vector]:
    def reduce(distances: NDArray[np.float64], start: int) -> Vector:
        places = slice(start, start + len(distances))
        far = np.where(groups[places, None] == groups[None, :], np.inf, distances)
        edge = np.partition(far, min(k, far.shape[1]) - 1, axis=1)[:, min(k, far.shape[1]) - 1]
        # Fewer than k outside the group: all of them count.
        edge = np.where(np.isfinite(edge), edge, np.finfo(np.float64).max)[:, None]
        is_in, is_edge = far < edge - TIE, (far >= edge - TIE) & (far <= edge + TIE)
        is_other = labels[places, None] != labels[None, :]
        left = np.minimum(k - is_in.sum(axis=1), is_edge.sum(axis=1))
        n_other = (is_in & is_other).sum(axis=1) + left * _ratio((is_edge & is_other).sum(axis=1), is_edge.sum(axis=1))
        n = is_in.sum(axis=1) + left
        return np.where(n > 0, _ratio(n_other, n), 0.5)

    return reduce


def _ratio(above: NDArray[np.number], below: NDArray[np.number]) -> Vector:
    found: Vector = np.asarray(above, dtype=np.float64) / np.maximum(below, 1)
    return found


def _sound(states: NDArray[np.floating], labels: Labels) -> NDArray[np.float64]:
    own = np.asarray(states, dtype=np.float64)
    if own.ndim != 2 or not own.size or np.shape(labels) != own.shape[:1]:
        raise DataError(
            f"States have shape {own.shape} and labels {np.shape(labels)}; expected (n, d) and (n,), none of them 0."
        )
    if not np.isfinite(own).all():
        raise DataError("A text's state holds NaN or infinity, so it has no neighbours. Train at a lower rate.")
    return own
