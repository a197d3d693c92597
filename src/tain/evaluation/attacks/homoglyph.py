"""Letters of other alphabets that look alike."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from tain.evaluation.attacks.base import Attack, Edit, choose, share_of
from tain.evaluation.attacks.places import outside_links

# Cyrillic first, then Greek; RAID's table. Written as code points, because nobody can tell them apart.
LOOKALIKES: Mapping[str, str] = {
    "a": "\u0430",
    "A": "\u0410\u0391",
    "B": "\u0412\u0392",
    "e": "\u0435",
    "E": "\u0415\u0395",
    "c": "\u0441",
    "p": "\u0440",
    "K": "\u041a\u039a",
    "O": "\u041e\u039f",
    "P": "\u0420\u03a1",
    "M": "\u041c\u039c",
    "H": "\u041d\u0397",
    "T": "\u0422\u03a4",
    "X": "\u0425\u03a7",
    "C": "\u0421",
    "y": "\u0443",
    "o": "\u043e",
    "x": "\u0445",
    "I": "\u0406\u0399",
    "i": "\u0456",
    "N": "\u039d",
    "Z": "\u0396",
}
_LETTER = re.compile(f"[{''.join(LOOKALIKES)}]")


class Homoglyph(Attack):
    """Latin letters replaced by Cyrillic and Greek ones that look the same.

    Source:
        Dugan et al. 2024, RAID, arXiv:2405.07940; the same table. Differs: RAID has no strengths below 1, and replaces
        letters of web and e-mail addresses too; here addresses keep their code points.
    """

    name = "homoglyph"
    raid_name: ClassVar[str | None] = "homoglyph"

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """One edit for the share `strength` of the letters that have a lookalike."""
        found = outside_links(text, [Edit(*match.span(), match.group()) for match in _LETTER.finditer(text)])
        chosen = choose(found, share_of(len(found), strength), rng)
        draws = rng.random(len(chosen))
        return [edit._replace(new=_lookalike(edit.new, draw)) for edit, draw in zip(chosen, draws, strict=True)]


def _lookalike(letter: str, draw: float) -> str:
    choices = LOOKALIKES[letter]
    return choices[int(draw * len(choices))]
