"""Which texts go through the network together, and how much each of them counts."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tain.training.config import TrainingConfig
from tain.training.store import TokenStore

PART_TOKENS = 1024
"""Padded size of what goes through the network at once on a processor: more only leaves its cache and takes memory."""
SORTED_POOL = 1024  # texts sorted by length together: enough to save padding, few enough to stay random


def epoch_batches(store: TokenStore, *, epoch: int, batch_tokens: int, seed: int) -> list[NDArray[np.int64]]:
    """The batches of one pass, in order; the same arguments give the same batches.

    Texts are shuffled, sorted by length within pools of 1,024 and cut into batches whose padded size stays
    within the token budget; the batches are shuffled again.

    Args:
        store: Where lengths and views come from.
        epoch: From 0. Each pass takes the next cut of every text, where there are several.
        batch_tokens: Largest padded size of a batch; a longer text goes alone.
        seed: Seed of the run.
    """
    rng = np.random.default_rng([seed, epoch])
    rows = rng.permutation(np.flatnonzero(store.views == epoch % store.n_views))
    lengths = store.lengths
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(rows), SORTED_POOL):
        pool = rows[start : start + SORTED_POOL]
        batches.extend(within_budget(pool[np.argsort(lengths[pool], kind="stable")], lengths, batch_tokens))
    return [batches[index] for index in rng.permutation(len(batches))]


def within_budget(rows: NDArray[np.int64], lengths: NDArray[np.int64], batch_tokens: int) -> list[NDArray[np.int64]]:
    """Rows cut into runs whose padded size stays within a budget.

    Args:
        rows: By ascending length, as those of a batch are.
        lengths: Tokens of every row of the store.
        batch_tokens: Largest padded size of a run; a longer row goes alone.
    """
    batches: list[NDArray[np.int64]] = []
    start = 0
    for end in range(1, len(rows) + 1):
        # Ascending lengths: the next row would be the longest and set the padded width.
        if end == len(rows) or (end - start + 1) * lengths[rows[end]] > batch_tokens:
            batches.append(rows[start:end])
            start = end
    return batches


def plan_length(store: TokenStore, config: TrainingConfig, *, seed: int) -> list[int]:
    """Batches in each epoch; the last epoch may be cut short by a fractional `n_epochs`."""
    counts = []
    for epoch in range(math.ceil(config.n_epochs)):
        n = len(epoch_batches(store, epoch=epoch, batch_tokens=config.batch_tokens, seed=seed))
        counts.append(max(1, round(n * min(1.0, config.n_epochs - epoch))))
    return counts


def row_weights(store: TokenStore, config: TrainingConfig) -> NDArray[np.float32]:
    """The weight of each text in the loss that follows labels: mean 1 over texts with a label, 0 without one.

    Args:
        store: Labels and domains.
        config: Which imbalances are evened out.
    """
    labels, domains = store.labels[store.is_labelled], store.domains[store.is_labelled]
    weights = np.ones(len(labels))
    if config.domain_weights != "none":
        power = 0.5 if config.domain_weights == "sqrt" else 1.0
        cell = labels.astype(np.int64) * len(store.domain_names) + domains
        weights /= np.bincount(cell)[cell] ** power
    if config.class_weights == "balanced":
        weights /= np.bincount(labels, weights=weights)[labels]
    found = np.zeros(len(store), dtype=np.float32)
    found[store.is_labelled] = weights / weights.mean()
    return found
