"""What paraphrase and back-translation share: one passage of a text, rewritten by a language model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from math import ceil

import numpy as np

from tain.evaluation.attacks.base import Attack, Attacked, Edit, check_strength, edited
from tain.evaluation.attacks.endpoint import Endpoint
from tain.evaluation.attacks.places import sentences

_MAX_SEED = 2**31


class Rewriting(Attack):
    """An attack that a language model makes.

    What it makes of a human text was written by a model, so that is no human text any more. A strength below 1
    rewrites that share of the sentences, in one passage drawn at random.

    Args:
        endpoint: Where the model answers.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    @abstractmethod
    def rewrite(self, passages: Sequence[str], *, seeds: Sequence[int]) -> list[str]:
        """The passages in other words.

        Args:
            passages: n of them, none empty.
            seeds: n numbers for the sampling.

        Raises:
            EndpointError: If one cannot be had.
        """

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """One edit, the passage; none for a text without words."""
        spans = _passages([text], strength, [rng])
        new = self.rewrite([text[slice(*span)] for span in spans.values()], seeds=_seeds([rng] * len(spans)))
        return [Edit(*span, words) for span, words in zip(spans.values(), new, strict=True)]

    def apply_all(
        self, texts: Sequence[str], *, strength: float | None = None, rngs: Sequence[np.random.Generator]
    ) -> list[Attacked]:
        """The attacked texts, in order; the endpoint is asked for several at once."""
        share = self.default_strength if strength is None else check_strength(strength)
        spans = _passages(texts, share, rngs)
        passages = [texts[i][slice(*span)] for i, span in spans.items()]
        new = dict(zip(spans, self.rewrite(passages, seeds=_seeds([rngs[i] for i in spans])), strict=True))
        return [edited(text, [Edit(*spans[i], new[i])] if i in new else ()) for i, text in enumerate(texts)]


def _passages(texts: Sequence[str], strength: float, rngs: Sequence[np.random.Generator]) -> dict[int, tuple[int, int]]:
    """The passage of each text that has one, by the text's position."""
    found = {}
    for i, (text, rng) in enumerate(zip(texts, rngs, strict=True)):
        spans = sentences(text)
        n_chosen = ceil(len(spans) * strength - 1e-9)
        if n_chosen:
            first = int(rng.integers(len(spans) - n_chosen + 1))
            found[i] = spans[first][0], spans[first + n_chosen - 1][1]
    return found


def _seeds(rngs: Sequence[np.random.Generator]) -> list[int]:
    return [int(rng.integers(_MAX_SEED)) for rng in rngs]
