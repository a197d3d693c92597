"""The proof of matching that ends a run: written beside the mirrors, with warnings for people."""

from __future__ import annotations

import heapq
from pathlib import Path

from tain.core.files import read_json, sha256_of, write_json
from tain.mining.hardest import random_score
from tain.mirrors.matching import Embed, Pair
from tain.mirrors.output import example_of
from tain.mirrors.store import MirrorStore
from tain.recipes.mirror.configuration import MirrorConfig
from tain.recipes.mirror_proof import N_PAIRS, MirrorProof, prove_matching

MIN_PAIRS = 50  # of fewer, intervals are too wide to warn by


def proof_path(output: Path) -> Path:
    """Where the proof of a file of mirrors lies."""
    return output.with_name(f"{output.name}.proof.json")


def prove_output(
    store: MirrorStore, output: Path, config: MirrorConfig, *, is_quiet: bool = False
) -> MirrorProof | None:
    """How well the mirrors that were written match their parents, from at most 4,000 pairs drawn by the seed.

    Args:
        store: With the wanted parents.
        output: The file of their mirrors; the proof is written beside it.
        config: Says how much is proven.
        is_quiet: No progress bar.

    Returns:
        None where nothing was asked for, where there are too few pairs, or where this very file was proven before.
    """
    if config.proof == "none":
        return None
    path, sha256 = proof_path(output), sha256_of(output)
    if path.is_file() and read_json(path).get("mirrors_sha256") == sha256:
        return None
    pairs = _pairs(store, config.seed)
    if len(pairs) < MIN_PAIRS:
        path.unlink(missing_ok=True)  # what lies there is of other mirrors
        return None
    proof = prove_matching(pairs, embed=_embed(config), seed=config.seed, is_quiet=is_quiet)
    write_json(path, {"mirrors": output.name, "mirrors_sha256": sha256, **proof.as_dict()})
    return proof


def _pairs(store: MirrorStore, seed: int) -> list[Pair]:
    mirrors = heapq.nsmallest(N_PAIRS, store.accepted(), key=lambda mirror: random_score(mirror.parent.id, seed=seed))
    return [Pair(mirror.parent, example_of(mirror)) for mirror in mirrors]


def _embed(config: MirrorConfig) -> Embed | None:
    if config.proof != "full":
        return None
    from tain.recipes.mine.embedding import BackboneEmbedder

    return BackboneEmbedder(config.proof_base)
