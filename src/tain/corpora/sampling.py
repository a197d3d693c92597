"""Fewer examples, with no domain drowning the others."""

from __future__ import annotations

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Iterable

from tain.core.errors import ConfigError
from tain.core.example import Example


def sample_per_domain(examples: Iterable[Example], *, cap: int, seed: int) -> list[Example]:
    """At most `cap` examples of each domain and label, in the order they came.

    Who stays follows from a hash of seed and group, so a text and its mirrors tend to stay together, rows may stream
    by in any order, and memory holds only what is kept.

    Args:
        examples: Read once.
        cap: Most examples for each pair of domain and label, at least 1.
        seed: Another seed keeps others.

    Raises:
        ConfigError: If the cap is below 1.
    """
    if cap < 1:
        raise ConfigError(f"The cap for each domain and label is {cap}; expected 1 or more.")
    kept: defaultdict[tuple[str | None, str | None], list[tuple[bytes, int, Example]]] = defaultdict(list)
    for place, example in enumerate(examples):
        heap = kept[example.domain, example.label]
        entry = (_rank(example, seed), place, example)
        if len(heap) < cap:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)
    chosen = sorted((place, example) for heap in kept.values() for _, place, example in heap)
    return [example for _, example in chosen]


def _rank(example: Example, seed: int) -> bytes:
    def digest(name: str) -> bytes:
        return hashlib.blake2b(f"{seed}\x1f{name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()

    return digest(example.group or example.id) + digest(example.id)
