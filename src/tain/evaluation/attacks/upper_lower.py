"""The case of first letters, flipped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tain.evaluation.attacks.base import Attack, Edit, choose, share_of
from tain.evaluation.attacks.places import outside_links, words


class UpperLower(Attack):
    """Words with the case of their first letter flipped.

    Source:
        Dugan et al. 2024, RAID, arXiv:2405.07940. Differs: words are runs of letters, where RAID's come from NLTK,
        which parts "don't" in two; letters without one letter of the other case, such as the German ß, stay.
    """

    name = "upper_lower"
    default_strength: ClassVar[float] = 0.05
    raid_name: ClassVar[str | None] = "upper_lower"

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """One edit for the share `strength` of the words."""
        flipped = (Edit(start, start + 1, text[start].swapcase()) for start, _ in words(text))
        can_flip = [edit for edit in flipped if len(edit.new) == 1 and edit.new != text[edit.start]]
        found = outside_links(text, can_flip)
        return choose(found, share_of(len(found), strength), rng)
