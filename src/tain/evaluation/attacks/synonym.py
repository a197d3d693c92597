"""Synonyms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tain.evaluation.attacks.base import Attack, Edit, choose, share_of
from tain.evaluation.attacks.places import count_tokens
from tain.evaluation.attacks.word_lists import swap, swappable, synonyms


class Synonym(Attack):
    """Words replaced by a synonym in the same form: "decided" becomes "determined".

    Source:
        Dugan et al. 2024, RAID, arXiv:2405.07940. Differs: RAID takes candidates from BERT, filtered by part of speech
        and by fastText; here they are WordNet's synonyms of a word's main sense, blind to the context. About one word
        in eight has one, so the attack is weaker than RAID's and its synonyms are odder. Words with a capital, mostly
        names, stay; "a" is not made "an".
    """

    name = "synonym"
    default_strength: ClassVar[float] = 0.5
    raid_name: ClassVar[str | None] = "synonym"

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """Edits for the share `strength` of all words and marks, or for every word that has a synonym."""
        found = [edit for edit in swappable(text, synonyms()) if edit.new.islower()]
        return [swap(edit, synonyms(), rng) for edit in choose(found, share_of(count_tokens(text), strength), rng)]
