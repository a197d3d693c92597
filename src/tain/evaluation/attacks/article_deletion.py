"""Articles left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tain.evaluation.attacks.base import Attack, Edit, choose, share_of

_ARTICLE = re.compile(r" (?:a|an|the)(?= )")


class ArticleDeletion(Attack):
    """The articles "a", "an" and "the" deleted, each with the space before it.

    Source:
        Dugan et al. 2024, RAID, arXiv:2405.07940. Differs: an edit's span in the attacked text is empty, where RAID
        marks the space that is left. As there, articles with a capital or beside a line break stay.
    """

    name = "article_deletion"
    default_strength: ClassVar[float] = 0.5
    raid_name: ClassVar[str | None] = "article_deletion"

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """One edit for the share `strength` of the articles."""
        found = [Edit(*match.span(), "") for match in _ARTICLE.finditer(text)]
        return choose(found, share_of(len(found), strength), rng)
