"""Several kinds of evidence as one order: by the mean of a text's ranks, which no scale of scores can sway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from tain.analysis.suspects.confident import Vector
from tain.analysis.suspects.evidence import Evidence
from tain.core.errors import ConfigError, DataError


@dataclass(frozen=True)
class Suspects:
    """Every text with what speaks against its label.

    Attributes:
        scores: Mean rank over the evidence as a share, shape (n,), above 0 and at most 1; 1 where all evidence puts
            the text first. Ties share their mean rank.
        evidence: What it was made of.
    """

    scores: Vector
    evidence: tuple[Evidence, ...]

    @property
    def order(self) -> NDArray[np.intp]:
        """Texts from the most suspect on; equal ones in their own order."""
        return np.argsort(-self.scores, kind="stable")

    def reasons(self, place: int) -> tuple[str, ...]:
        """What speaks against the label of one text, in words.

        Args:
            place: Of the text, from 0.
        """
        return tuple(each.reasons[place] for each in self.evidence if each.reasons[place])

    @property
    def n_reasons(self) -> NDArray[np.int64]:
        """How many kinds of evidence alone would raise each text, shape (n,)."""
        found: NDArray[np.int64] = np.array([[bool(line) for line in each.reasons] for each in self.evidence]).sum(
            axis=0
        )
        return found


def combine(evidence: Sequence[Evidence]) -> Suspects:
    """One order from several kinds of evidence, each with the same say.

    Args:
        evidence: Of the same texts in the same order.

    Raises:
        ConfigError: If there is none, or a kind is there twice.
        DataError: If they are of different numbers of texts.
    """
    names = [each.name for each in evidence]
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"The evidence is {', '.join(names) or 'empty'}; expected one or more kinds, each once.")
    sizes = {each.name: len(each.scores) for each in evidence}
    if len(set(sizes.values())) > 1:
        raise DataError(f"Evidence is of different numbers of texts: {sizes}. Give scores of the same texts.")
    ranks = np.array([rankdata(each.scores) / len(each.scores) for each in evidence])
    return Suspects(ranks.mean(axis=0), tuple(evidence))
