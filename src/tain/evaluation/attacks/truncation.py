"""The beginning of a text."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from tain.core.errors import ConfigError
from tain.evaluation.attacks.base import Attack, Edit, share_of

NAME = "truncation"
N_WORDS = 100

_WORD_END = re.compile(r"(?<=\S)(?!\S)")


class Truncation(Attack):
    """The first words of a text; what is no longer stays whole.

    At a strength below 1 only that share of the words too many is cut off.

    Args:
        n_words: How many are kept, at least 1.

    Raises:
        ConfigError: If there are none.
    """

    def __init__(self, n_words: int = N_WORDS) -> None:
        if n_words < 1:
            raise ConfigError(f"A text cannot be cut to {n_words} words. Expected 1 or more, as in {NAME}_{N_WORDS}.")
        self.n_words = n_words
        self.name = f"{NAME}_{n_words}"

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """One deletion from the end of the last word kept; none where nothing is cut."""
        ends = [match.start() for match in _WORD_END.finditer(text)]
        n_cut = share_of(max(0, len(ends) - self.n_words), strength)
        return [Edit(ends[-n_cut - 1], len(text), "")] if n_cut else []
