"""The texts of a stream that a detector is most surely wrong about, in memory that does not grow with the stream."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from tain.core.errors import ConfigError
from tain.core.example import Example


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text and how surely the detector calls it AI.

    Attributes:
        example: By a person, as far as its corpus says.
        score: Higher is harder.
    """

    example: Example
    score: float

    def __lt__(self, other: Candidate) -> bool:
        """Whether the other one is harder; of equal scores the smaller id is, so that no order of arrival matters."""
        return (self.score, other.example.id) < (other.score, self.example.id)


class Hardest:
    """Keeps the n highest scores above a floor, with at most so many of each domain.

    Equals sorting everything and going down the list, taking a text where its domain is not full yet; holds no more
    than 2n texts at any time.

    Source:
        Hard-negative mining as in Emi and Spero 2024, arXiv:2402.14873. Differs: a floor below which nothing is taken.
    """

    def __init__(self, n: int, *, cap_per_domain: int | None = None, floor: float = -inf) -> None:
        """Keep nothing yet.

        Args:
            n: Most texts, at least 1.
            cap_per_domain: Most of one domain, at least 1; None leaves domains uncounted.
            floor: Only texts that score above it are taken.

        Raises:
            ConfigError: If a number is below 1.
        """
        if n < 1 or (cap_per_domain is not None and cap_per_domain < 1):
            raise ConfigError(
                f"{n} texts, {cap_per_domain} of each domain, are to be kept; expected 1 or more of each."
            )
        self.n, self.floor = n, floor
        self._is_capped = cap_per_domain is not None
        self._cap = min(n, cap_per_domain or n)
        self._heaps: dict[str, list[Candidate]] = {}
        self._n_held = 0

    def offer(self, example: Example, score: float) -> None:
        """Take note of a text; a score that is NaN, as of a text too short, is passed over."""
        if not score > self.floor:
            return
        heap = self._heaps.setdefault((example.domain or "") if self._is_capped else "", [])
        if len(heap) < self._cap:
            heapq.heappush(heap, Candidate(example, score))
            self._n_held += 1
            if self._n_held > 2 * self.n:
                self._shrink()
        else:
            heapq.heappushpop(heap, Candidate(example, score))

    def offer_all(self, candidates: Iterable[Candidate]) -> None:
        """Take note of texts that have a score already."""
        for candidate in candidates:
            self.offer(candidate.example, candidate.score)

    def taken(self) -> list[Candidate]:
        """What would be taken if the stream ended here, hardest first."""
        everything = (candidate for heap in self._heaps.values() for candidate in heap)
        return sorted(everything, reverse=True)[: self.n]

    def _shrink(self) -> None:
        # What n others outrank now can never come back: within a domain a text only ever makes way for a harder one.
        kept = self.taken()
        self._heaps = {}
        for candidate in kept:
            self._heaps.setdefault(candidate.example.domain or "", []).append(candidate)
        for heap in self._heaps.values():
            heapq.heapify(heap)
        self._n_held = len(kept)


def random_score(name: str, *, seed: int) -> float:
    """A number in [0, 1) that follows from seed and name alone: the "hardest" by it are a random sample of a stream.

    Args:
        name: Of the text.
        seed: Another seed gives another sample.
    """
    digest = hashlib.blake2b(f"{seed}\x1f{name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53
