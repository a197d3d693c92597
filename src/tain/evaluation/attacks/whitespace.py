"""Spaces more than there should be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tain.evaluation.attacks.base import Attack, Edit, share_of

_TOKEN_END = re.compile(r"(?= )|\Z")


class Whitespace(Attack):
    """Spaces added before spaces and at the end of the text.

    Places are drawn with replacement, as RAID draws them, so one place may get two spaces or more.

    Source:
        Dugan et al. 2024, RAID, arXiv:2405.07940. Differs: nothing known.
    """

    name = "whitespace"
    default_strength: ClassVar[float] = 0.2
    raid_name: ClassVar[str | None] = "whitespace"

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """As many edits as the share `strength` of the pieces that spaces part."""
        ends = [match.start() for match in _TOKEN_END.finditer(text)]
        drawn = sorted(rng.integers(len(ends), size=share_of(len(ends), strength)).tolist())
        return [Edit(ends[i], ends[i], " ") for i in drawn]
