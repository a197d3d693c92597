"""Common misspellings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tain.evaluation.attacks.base import Attack, Edit, choose, share_of
from tain.evaluation.attacks.places import count_tokens
from tain.evaluation.attacks.word_lists import misspellings, swap, swappable


class Misspelling(Attack):
    """Words written as people often miswrite them.

    Source:
        Dugan et al. 2024, RAID, arXiv:2405.07940. Differs: RAID misspells the words that GPT-2 finds likeliest; here
        they are drawn evenly, so that no model is needed. The list is codespell's, which grew from the same Wikipedia
        list as RAID's and is longer.
    """

    name = "misspelling"
    default_strength: ClassVar[float] = 0.2
    raid_name: ClassVar[str | None] = "perplexity_misspelling"

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """Edits for the share `strength` of all words and marks, or for every word that has a misspelling."""
        chosen = choose(swappable(text, misspellings()), share_of(count_tokens(text), strength), rng)
        return [swap(edit, misspellings(), rng) for edit in chosen]
