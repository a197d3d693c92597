"""Which model writes the mirror of which parent."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from tain.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ModelShares:
    """Several models, and how much of the work each one has.

    Attributes:
        names: As the endpoint knows them.
        weights: Above 0; only their ratios count.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...]

    def model_of(self, parent_id: str, *, seed: int = 0) -> str:
        """The model for a parent: always the same one, whatever was done before and in which order.

        Args:
            parent_id: Of the human text.
            seed: Another seed deals them out anew.
        """
        digest = hashlib.blake2b(f"{seed}\x1fmodel\x1f{parent_id}".encode("utf-8", "surrogatepass"), digest_size=8)
        point = int.from_bytes(digest.digest(), "big") / 2**64 * math.fsum(self.weights)
        for name, weight in zip(self.names, self.weights, strict=True):
            point -= weight
            if point < 0:
                return name
        return self.names[-1]


def parse_shares(values: Sequence[str]) -> ModelShares:
    """Models from flags: `NAME`, or `NAME=SHARE` for each of several.

    Args:
        values: What stands after each `--model`. Shares need not add up to 1.

    Raises:
        ConfigError: If no model is named, one is named twice, or a share is no number above 0.
    """
    if not values:
        raise ConfigError("No model is named. Name one, or several with their shares: --model NAME=SHARE.")
    pairs = [_pair(value) for value in values]
    names = tuple(name for name, _ in pairs)
    if len(set(names)) < len(names):
        raise ConfigError(f"A model is named twice in {list(names)}. Name each once, with its whole share.")
    return ModelShares(names, tuple(weight for _, weight in pairs))


def _pair(value: str) -> tuple[str, float]:
    name, mark, share = value.rpartition("=")
    if not mark:
        return value, 1.0
    try:
        weight = float(share)
    except ValueError:
        weight = math.nan
    if not name or not 0 < weight < math.inf:
        raise ConfigError(f"--model {value}: expected NAME or NAME=SHARE with a share above 0, such as small=0.3.")
    return name, weight
