"""Spaces that nobody sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tain.evaluation.attacks.base import Attack, Edit, choose, share_of
from tain.evaluation.attacks.places import outside_links

ZERO_WIDTH_SPACE = "\u200b"


class ZeroWidthSpace(Attack):
    """U+200B inserted after characters; the text looks the same.

    Source:
        Dugan et al. 2024, RAID, arXiv:2405.07940. Differs: web and e-mail addresses stay whole.
    """

    name = "zero_width_space"
    raid_name: ClassVar[str | None] = "zero_width_space"

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """One edit for the share `strength` of the characters."""
        found = outside_links(text, [Edit(i, i, ZERO_WIDTH_SPACE) for i in range(1, len(text) + 1)])
        return choose(found, share_of(len(found), strength), rng)
