"""A text on one line."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from tain.evaluation.attacks.base import Attack, Edit, choose, share_of

_GAP = re.compile(r"(?<!\s)\s+")


class NewlineStripping(Attack):
    """Line breaks, with the white space around them, replaced by one space; at the ends of the text, by nothing."""

    name = "newline_stripping"

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """One edit for the share `strength` of the places where a line breaks."""
        gaps = (match for match in _GAP.finditer(text) if "\n" in match.group() or "\r" in match.group())
        found = [Edit(*gap.span(), " " if gap.start() and gap.end() < len(text) else "") for gap in gaps]
        return choose(found, share_of(len(found), strength), rng)
