"""A pool of human texts in parts that never meet: what may be mined, and what judges the mining."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tain.core.errors import ConfigError, DataError, sample
from tain.core.example import Example
from tain.corpora.normalise import LATEST, get_normaliser
from tain.corpora.similarity import HeldTexts
from tain.corpora.split import assign_split, check_no_leak

MINED, CALIBRATION, CONTROL, MEASUREMENT = "mined", "calibration", "control", "measurement"
PARTS = (MINED, CALIBRATION, CONTROL, MEASUREMENT)
HELD = (MEASUREMENT, CONTROL, CALIBRATION)
"""The parts that nothing is trained on, the one with the last word first."""
GUARD = "guard"
"""Texts of other kinds than the pool's, which judge as well."""

DEFAULT_SHARES: Mapping[str, float] = {MINED: 0.6, CALIBRATION: 0.1, CONTROL: 0.15, MEASUREMENT: 0.15}
_SHOWN = 3


@dataclass(frozen=True)
class PoolSplit:
    """Which part of the pool a text belongs to, by a hash of its group: texts can stream by in any order.

    `mined` may be trained on. `calibration` sets operating points. `control` decides whether a round is kept, and
    `measurement`, which decides nothing, says what came of it.

    Attributes:
        seed: Another seed gives another split.
        shares: Share of groups of each part, summing to 1.
    """

    seed: int
    shares: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))

    def __post_init__(self) -> None:
        """Refuse a split that lacks a part."""
        if sorted(self.shares) != sorted(PARTS):
            raise ConfigError(
                f"The pool is to be split into {', '.join(self.shares) or 'nothing'}; expected {', '.join(PARTS)}, "
                "each with its share."
            )
        self.part("any")

    def part(self, group: str) -> str:
        """The part of a group."""
        return assign_split(group, seed=self.seed, shares={name: self.shares[name] for name in PARTS})


def part_again(parts: Mapping[str, Sequence[Example]]) -> tuple[dict[str, list[Example]], int]:
    """The parts without texts that nearly repeat one of an earlier part, and how many those were.

    Groups keep a text and its mirror together; only their words tell that two rows of a pool are one text.

    Args:
        parts: The part that keeps its texts comes first.
    """
    normaliser = get_normaliser(LATEST)
    held, kept, n_left_out = HeldTexts(), {}, 0
    for name, examples in parts.items():
        texts = [normaliser.normalise(example.text).text for example in examples]
        near = held.are_near(texts) if texts else []
        kept[name] = [example for example, is_near in zip(examples, near, strict=True) if not is_near]
        n_left_out += sum(near)
        held.add(text for text, is_near in zip(texts, near, strict=True) if not is_near)
    return kept, n_left_out


def require_apart(parts: Mapping[str, Iterable[Example]]) -> None:
    """Return only if no group and no text, case and white space aside, stands in two parts.

    Args:
        parts: Examples of each part, by its name.

    Raises:
        DataError: If one does; names up to three.
    """
    fixed = {name: list(examples) for name, examples in parts.items()}
    check_no_leak(fixed)
    first: dict[bytes, str] = {}
    shared: list[str] = []
    for name, examples in fixed.items():
        for example in examples:
            if (other := first.setdefault(_digest(example.text), name)) != name:
                shared.append(f"{sample(example.text)!r} in {other} and {name}")
    if shared:
        raise DataError(
            f"{len(shared)} texts stand in two parts: {'; '.join(shared[:_SHOWN])}. What is mined must not be measured "
            "on: remove repeats from the pool, for example by what `tain audit` says of it."
        )


def _digest(text: str) -> bytes:
    words = " ".join(text.casefold().split())
    return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).digest()
