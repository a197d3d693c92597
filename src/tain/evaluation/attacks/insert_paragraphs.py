"""Blank lines between sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tain.evaluation.attacks.base import Attack, Edit, choose, share_of
from tain.evaluation.attacks.places import sentence_gaps


class InsertParagraphs(Attack):
    r"""Two line breaks before the first letter of some sentences.

    Source:
        Dugan et al. 2024, RAID, arXiv:2405.07940. Differs: RAID joins all sentences anew with one space each; here the
        white space between them stays, sentences that open a paragraph already are no candidates, and they are told
        apart by rules of our own where RAID uses NLTK.
    """

    name = "insert_paragraphs"
    default_strength: ClassVar[float] = 0.5
    raid_name: ClassVar[str | None] = "insert_paragraphs"

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """One edit for the share `strength` of the gaps between sentences of one paragraph."""
        found = [Edit(end, end, "\n\n") for start, end in sentence_gaps(text) if text.count("\n", start, end) < 2]
        return choose(found, share_of(len(found), strength), rng)
