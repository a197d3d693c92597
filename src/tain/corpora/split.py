"""Splits by group: a mirror never leaves its parent, and an example's split never depends on the others."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from tain.core.errors import ConfigError, DataError, sample
from tain.core.example import Example

_SHOWN = 3


def assign_split(group: str, *, seed: int, shares: Mapping[str, float]) -> str:
    """The split that a group falls into.

    It follows from a hash of seed, split names and group alone, so rows can stream by in any order and new rows move no
    old ones.

    Args:
        group: What must not part.
        seed: Another seed gives another split.
        shares: The share of groups for each split, in order, summing to 1.

    Raises:
        ConfigError: If the shares are not positive or do not sum to 1.
    """
    _check_shares(shares)
    # The names salt the hash: one part of an earlier split, split again with the same seed, must not fall on one side.
    salt = "\x1f".join((str(seed), *shares, group))
    digest = hashlib.blake2b(salt.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    position = int.from_bytes(digest, "big") / 2**64
    passed = 0.0
    for name, share in shares.items():
        passed += share
        if position < passed:
            return name
    return name


def check_no_leak(splits: Mapping[str, Iterable[Example]]) -> None:
    """Return only if no group stands in two splits.

    Args:
        splits: The examples of each split, by its name.

    Raises:
        DataError: If a group does; names up to three, and the splits.
    """
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for name, examples in splits.items():
        for example in examples:
            seen[example.group or example.id].add(name)
    leaks = [(group, sorted(names)) for group, names in seen.items() if len(names) > 1]
    if leaks:
        shown = "; ".join(f"{sample(group)!r} in {' and '.join(names)}" for group, names in leaks[:_SHOWN])
        raise DataError(
            f"{len(leaks)} groups stand in more than one split: {shown}. A text and its mirrors must stay together: "
            "split again by group, or remove these rows from one side."
        )


def _check_shares(shares: Mapping[str, float]) -> None:
    if not shares or any(share <= 0 for share in shares.values()) or not math.isclose(sum(shares.values()), 1.0):
        raise ConfigError(f"The shares of the splits are {dict(shares)}; expected positive numbers that sum to 1.")
