"""Sentences of other texts among its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tain.core.errors import ConfigError
from tain.evaluation.attacks.base import Attack, Edit, choose, share_of
from tain.evaluation.attacks.places import sentences

_N_DRAWS = 8


class SentenceSplice(Attack):
    """Sentences replaced by sentences of a donor, as when a person weaves their own into a generated text.

    The label of a spliced text stays that of the text; at high strengths that is a matter of opinion.

    Args:
        donors: Texts to take sentences from, such as human texts for attacks on AI texts.

    Raises:
        ConfigError: If they hold no sentence.
    """

    name = "sentence_splice"
    default_strength: ClassVar[float] = 0.25

    def __init__(self, donors: Sequence[str]) -> None:
        self._donors = [(text, spans) for text in donors if (spans := sentences(text))]
        if not self._donors:
            raise ConfigError(
                f"{self.name} needs donors, and got none with a sentence. Name a file of texts to take sentences from "
                "with --donors FILE."
            )

    def edits(self, text: str, *, strength: float, rng: np.random.Generator) -> Sequence[Edit]:
        """One edit for the share `strength` of the sentences."""
        found = sentences(text)
        chosen = choose(found, share_of(len(found), strength), rng)
        return [Edit(*span, new) for span in chosen if (new := self._draw(text, rng))]

    def _draw(self, text: str, rng: np.random.Generator) -> str | None:
        # A text is no donor to itself; that it is drawn again and again happens only where it is the only donor.
        for _ in range(_N_DRAWS):
            donor, spans = self._donors[int(rng.integers(len(self._donors)))]
            if donor != text:
                start, end = spans[int(rng.integers(len(spans)))]
                return donor[start:end]
        return None
