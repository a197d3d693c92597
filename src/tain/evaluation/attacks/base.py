"""The seam of every attack: edits to a text, and the text that they make."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import ClassVar, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import ConfigError

Spans = NDArray[np.int32]
T = TypeVar("T")


class Edit(NamedTuple):
    """One change: the characters from `start` to `end` (half-open) of the original become `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True, eq=False)
class Attacked:
    """An attacked text, and where it differs from the original.

    Attributes:
        text: After the attack.
        spans: Shape (n_edits, 2), start and end (half-open) of each edit in `text`, ascending; a deletion is empty.
        original_spans: Shape (n_edits, 2), the same places in the original; an insertion is empty.
    """

    text: str
    spans: Spans
    original_spans: Spans

    @property
    def n_edits(self) -> int:
        """How many edits were made."""
        return len(self.spans)


class Attack(ABC):
    """One way of changing a text.

    Attributes:
        name: As in reports and on the command line.
        default_strength: What it takes when nobody says otherwise; RAID's, where RAID has the attack.
        raid_name: RAID's name for it; None for attacks that RAID does not have.
    """

    name: str
    default_strength: ClassVar[float] = 1.0
    raid_name: ClassVar[str | None] = None

    @abstractmethod
    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """The changes to make, ascending and without overlap.

        Args:
            text: The original.
            strength: Above 0, at most 1; how much of what can be changed is changed.
            rng: Draws which.
        """

    def apply(self, text: str, *, strength: float | None = None, rng: np.random.Generator) -> Attacked:
        """The attacked text; the same generator state gives the same text.

        Args:
            text: The original; nothing is normalised.
            strength: From 0, which changes nothing, to 1; None takes the default.
            rng: Draws what is changed.

        Raises:
            ConfigError: If the strength is out of range.
        """
        return self.apply_all([text], strength=strength, rngs=[rng])[0]

    def apply_all(
        self, texts: Sequence[str], *, strength: float | None = None, rngs: Sequence[np.random.Generator]
    ) -> list[Attacked]:
        """The attacked texts, in order; each as `apply` alone would make it.

        Args:
            texts: n originals.
            strength: From 0 to 1; None takes the default.
            rngs: n generators, one per text.

        Raises:
            ConfigError: If the strength is out of range.
        """
        share = self.default_strength if strength is None else check_strength(strength)
        pairs = zip(texts, rngs, strict=True)
        return [edited(text, self.edits(text, strength=share, rng=rng) if share else ()) for text, rng in pairs]


def edited(text: str, edits: Sequence[Edit]) -> Attacked:
    """The text after edits, with the place of each before and after.

    Args:
        text: The original.
        edits: Ascending and without overlap.
    """
    parts: list[str] = []
    done = 0
    for start, end, new in edits:
        assert done <= start <= end <= len(text), f"the edit at {start}-{end} overlaps another or leaves the text"
        parts += (text[done:start], new)
        done = end
    parts.append(text[done:])
    places = np.array([edit[:2] for edit in edits], dtype=np.int32).reshape(-1, 2)
    sizes = np.array([len(edit.new) for edit in edits], dtype=np.int32)
    growth = sizes - (places[:, 1] - places[:, 0])
    starts = places[:, 0] + np.cumsum(growth) - growth
    return Attacked("".join(parts), np.stack([starts, starts + sizes], axis=1).astype(np.int32), places)


def share_of(n: int, strength: float) -> int:
    """The whole part of a share, as RAID counts edits.

    Args:
        n: How many there are.
        strength: From 0 to 1.
    """
    # 0.29 * 100 is 28.999999999999996 in floats.
    return floor(n * strength + 1e-9)


def choose(candidates: Sequence[T], n: int, rng: np.random.Generator) -> list[T]:
    """Some of the candidates, drawn without replacement and in their order; all of them when n is as large.

    Args:
        candidates: In the order of the text.
        n: How many to take.
        rng: Draws which.
    """
    if n >= len(candidates):
        return list(candidates)
    return [candidates[i] for i in sorted(rng.choice(len(candidates), size=n, replace=False).tolist())]


def check_strength(strength: float) -> float:
    """The strength, if it is one.

    Args:
        strength: Asked for by a caller.

    Raises:
        ConfigError: If it is not between 0 and 1.
    """
    if not 0 <= strength <= 1:
        raise ConfigError(f"The strength of an attack is {strength}; expected a share from 0 to 1.")
    return float(strength)
