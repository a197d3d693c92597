"""Other numbers of as many digits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tain.evaluation.attacks.base import Attack, Edit, choose, share_of
from tain.evaluation.attacks.places import outside_links

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


class NumberSwap(Attack):
    """Numbers replaced by random ones with the same digits before and after the point.

    Source:
        Dugan et al. 2024, RAID, arXiv:2405.07940. Differs: a number always changes, where RAID may draw the same one
        again and count it; digits of other scripts, and a full stop after a number, are no part of it.
    """

    name = "number"
    default_strength: ClassVar[float] = 0.5
    raid_name: ClassVar[str | None] = "number"

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """One edit for the share `strength` of the numbers."""
        found = outside_links(text, [Edit(*match.span(), match.group()) for match in _NUMBER.finditer(text)])
        chosen = choose(found, share_of(len(found), strength), rng)
        return [edit._replace(new=_other(edit.new, rng)) for edit in chosen]


def _other(number: str, rng: np.random.Generator) -> str:
    drawn = "".join(str(rng.integers(10)) if char.isdigit() else char for char in number)
    if drawn != number:
        return drawn
    return drawn[:-1] + str((int(drawn[-1]) + int(rng.integers(1, 10))) % 10)
