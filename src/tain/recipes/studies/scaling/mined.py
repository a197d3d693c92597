"""Growth by what is hard: the groups with the text that a model got most wrong come first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tain.core.example import Example


def hardest_first(examples: Sequence[Example], scores: NDArray[np.float64], *, threshold: float) -> tuple[Example, ...]:
    """The examples in whole groups, the group with the worst error first.

    A human text errs by how far its score is above the threshold, an AI text by how far below. A group is as hard as
    its hardest text, so that a human text that is called AI brings the AI texts on its topic with it, as in mining.

    Args:
        examples: Candidates.
        scores: Of each, higher means AI, shape (n,).
        threshold: Where AI begins.
    """
    margins = np.where([example.label == "ai" for example in examples], threshold - scores, scores - threshold)
    hardness: dict[str, float] = {}
    for example, margin in zip(examples, margins.tolist(), strict=True):
        group = example.group or example.id
        hardness[group] = max(margin, hardness.get(group, -np.inf))
    return tuple(sorted(examples, key=lambda e: (-hardness[e.group or e.id], e.group or e.id, e.id)))
