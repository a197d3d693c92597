"""Mirrors that were taken already, known by a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from tain.mirrors.words import tokens


class SeenMirrors:
    """The mirrors accepted so far: a text that a model gives to two parents matches neither."""

    def __init__(self, accepted: Iterable[tuple[str, str]] = ()) -> None:
        """Hold what a store has.

        Args:
            accepted: Parent id and text of each mirror.
        """
        self._owners: dict[bytes, str] = {}
        for parent_id, text in accepted:
            self.add(parent_id, text)

    def __len__(self) -> int:
        """The number of different texts."""
        return len(self._owners)

    def add(self, parent_id: str, text: str) -> None:
        """Keep a mirror that was accepted."""
        self._owners.setdefault(_digest(text), parent_id)

    def owner(self, text: str) -> str | None:
        """The parent that has a mirror of these very words, marks and case aside; None where none has."""
        return self._owners.get(_digest(text))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(" ".join(tokens(text)).encode("utf-8", "replace"), digest_size=12).digest()
