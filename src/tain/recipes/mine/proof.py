"""Whether the mirrors of a round match their texts, for the ledger."""

from __future__ import annotations

from typing import Any

from tain.mirrors.matching import Pair
from tain.recipes.mine.mirroring import Mirrored
from tain.recipes.mirror_proof import prove_matching

MATCHING = "matching"


def proven(found: Mirrored, *, seed: int = 0, is_quiet: bool = True) -> dict[str, Any]:
    """Lengths, and how far trivial features tell the two sides apart before and after the normaliser.

    Args:
        found: Mined texts and what stands beside them.
        seed: Of folds and draws.
        is_quiet: No progress bar.

    Returns:
        One entry, `matching`; nothing where nothing stands beside the texts.
    """
    if not found.mirrors:
        return {}
    pairs = [Pair(human, mirror) for human, mirror in zip(found.humans, found.mirrors, strict=True)]
    proof = prove_matching(pairs, seed=seed, is_quiet=is_quiet)
    return {
        MATCHING: {
            "length_ratio": round(proof.matching.lengths.median, 3),
            "trivial_auroc_raw": _rounded(proof.raw.auroc.value),
            "trivial_auroc": _rounded(proof.normalised.auroc.value),
            "warnings": list(proof.warnings),
        }
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
