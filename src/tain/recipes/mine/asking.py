"""Texts for people to label: those the detector is least sure of, no two alike."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tain.mining.active import k_centre, unsureness, write_requests
from tain.mining.hardest import Candidate, Hardest
from tain.recipes.mine.arms import Contender
from tain.recipes.mine.embedding import BackboneEmbedder
from tain.recipes.mine.round import PoolPass
from tain.recipes.mine.scoring import DetectorScorer, score_all

N_TO_CHOOSE_FROM = 10  # texts near the operating point for each that is asked for


def ask(choosing: PoolPass, kept: Contender, path: Path, *, gone: Iterable[str]) -> None:
    """Export texts for labelling; a file that is there is a person's, and left alone.

    Args:
        choosing: Reads the pool.
        kept: The detector that is unsure.
        path: .csv or .jsonl.
        gone: Ids that need no label.
    """
    if path.exists():
        return
    n = choosing.settings.mining.n_ask
    unsure = _unsure(choosing, kept, frozenset(gone) | choosing.decisions().keys(), n=n)
    vectors = BackboneEmbedder(choosing.settings.run.base)([candidate.example.text for candidate in unsure])
    write_requests(path, [unsure[place] for place in k_centre(vectors, n)])


def _unsure(choosing: PoolPass, kept: Contender, gone: frozenset[str], *, n: int) -> list[Candidate]:
    threshold = kept.measured.fixed.threshold
    nearest = Hardest(N_TO_CHOOSE_FROM * n)
    for shard in choosing.shards(kept.detector):
        for example, score in zip(shard.examples, shard.scores.tolist(), strict=True):
            if example.id not in gone:
                nearest.offer(example, unsureness(score, threshold=threshold))
    found = [candidate.example for candidate in nearest.taken()]
    scores = score_all(
        DetectorScorer(kept.detector, choosing.store), found, choosing.store, title="Looking up", is_quiet=True
    )
    return [Candidate(example, score) for example, score in zip(found, scores.tolist(), strict=True)]
