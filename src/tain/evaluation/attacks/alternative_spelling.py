"""American for British spelling, and the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tain.evaluation.attacks.base import Attack, Edit, choose, share_of
from tain.evaluation.attacks.word_lists import spellings, swap, swappable


class AlternativeSpelling(Attack):
    """Words that are spelt otherwise across the Atlantic.

    Source:
        Dugan et al. 2024, RAID, arXiv:2405.07940; the same word list. Differs: RAID swaps American words only, also
        inside longer words and never where a capital stands; here both spellings are swapped, whole words only, and
        the case is kept.
    """

    name = "alternative_spelling"
    raid_name: ClassVar[str | None] = "alternative_spelling"

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """One edit for the share `strength` of the words that have another spelling."""
        found = swappable(text, spellings())
        chosen = choose(found, share_of(len(found), strength), rng)
        return [swap(edit, spellings(), rng) for edit in chosen]
