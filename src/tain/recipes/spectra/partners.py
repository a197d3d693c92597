"""Which parameter of one network is which of another, where only a prefix of their names differs."""

from __future__ import annotations

from collections.abc import Iterable


def partners(tuned: Iterable[str], base: Iterable[str]) -> dict[str, str]:
    """Which parameter of the base each tuned one was, where networks differ by a prefix such as `bert.`.

    Args:
        tuned: Names.
        base: Names.

    Returns:
        The base's name by the tuned name; those without a partner are not in it.
    """
    ours, theirs = list(tuned), set(base)
    ways = [*((prefix, "") for prefix in _prefixes(ours)), *(("", prefix) for prefix in _prefixes(theirs))]
    tries = ({name: _renamed(name, *way) for name in ours if _renamed(name, *way) in theirs} for way in ways)
    best = max(tries, key=len, default={})
    # A head stands outside the body that a prefix names.
    return {name: name for name in ours if name in theirs and name not in best} | best


def _prefixes(names: Iterable[str]) -> list[str]:
    found: dict[str, None] = {"": None}
    for name in sorted(names):
        parts = name.split(".")
        found |= {".".join(parts[:n]) + ".": None for n in (1, 2) if len(parts) > n + 1}
    return list(found)


def _renamed(name: str, ours: str, theirs: str) -> str:
    return theirs + name.removeprefix(ours) if name.startswith(ours) else ""
