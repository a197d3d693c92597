"""The pass over the pool that opens a round: score, choose, hold back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tain.core.errors import DataError
from tain.core.progress import progress
from tain.corpora.checks import word_of
from tain.corpora.reading import iter_rows
from tain.detector import Detector
from tain.mining.control import MINED
from tain.mining.pool_scores import PoolScores, ScoredShard, score_stream
from tain.mining.quarantine import Decision, Quarantine, Suspect, read_review, write_review
from tain.mining.sheet import sheet_ids
from tain.recipes.mine.arms import Contender
from tain.recipes.mine.configuration import MineSettings
from tain.recipes.mine.example_file import load_examples
from tain.recipes.mine.folder import MiningFolder
from tain.recipes.mine.mirroring import Mirroring
from tain.recipes.mine.pool import Pool
from tain.recipes.mine.scoring import DetectorScorer
from tain.recipes.mine.selection import Known, Selection, Selector, Wanted
from tain.recipes.mine.stage import Chosen, save_chosen
from tain.recipes.mine.texts import TRAIN, PreparedTexts


@dataclass(frozen=True)
class PoolPass:
    """Chooses the texts of a round with the detector that was kept.

    Attributes:
        settings: Of the mining.
        folder: Of the mining.
        texts: Prepared.
        store: Of every score.
        mirroring: Says which texts can have a mirror.
        is_quiet: No progress bars.
    """

    settings: MineSettings
    folder: MiningFolder
    texts: PreparedTexts
    store: PoolScores
    mirroring: Mirroring
    is_quiet: bool

    def choose(self, number: int, kept: Contender, gone: Iterable[str]) -> Chosen:
        """What the round is to learn from; what its folder holds already is used as it is.

        Args:
            number: Of the round.
            kept: The detector that scores the pool.
            gone: Ids that were mined before.

        Raises:
            DataError: If a review file cannot be read.
        """
        place = self.folder.round(number)
        if (found := Chosen.load(place)) is not None:
            return found
        selector = Selector(self._wanted(kept), self._known(gone), self._quarantine(kept), self.texts.judges)
        for shard in self.shards(kept.detector):
            selector.take(shard)
        selection = selector.selection()
        write_review(self.folder.review(number), self._new_suspects(selection, number))
        return save_chosen(place, selection)

    def shards(self, detector: Detector) -> Iterator[ScoredShard]:
        """All texts that may be mined with their scores, one shard in memory at a time.

        Args:
            detector: Saved.
        """
        pool = Pool(self.settings, self.texts.folder, is_quiet=self.is_quiet)
        scorer = DetectorScorer(detector, self.store)
        n_texts = self.texts.counts.get(f"pool: {MINED}")
        with progress("Scoring the pool", n_texts, is_quiet=self.is_quiet) as advance:
            yield from score_stream(
                pool.mined(), detector=scorer.sha256, scorer=scorer, store=self.store, advance=advance
            )

    def decisions(self) -> dict[str, Decision]:
        """What people have decided about texts held for review, by id."""
        found: dict[str, Decision] = {}
        for file in self.folder.reviews():
            found |= read_review(file)
        return found

    def n_undecided(self) -> int:
        """How many texts wait for a decision."""
        return len({name for file in self.folder.reviews() for name in sheet_ids(file)} - set(self.decisions()))

    def _wanted(self, kept: Contender) -> Wanted:
        mining = self.settings.mining
        return Wanted(
            n=mining.per_round,
            cap_per_domain=mining.cap_per_domain,
            floor=kept.detector.point(mining.floor_fpr).threshold,
            n_random=kept.n_mined + mining.per_round if mining.control_arm == "random" else 0,
            n_suspects=mining.max_suspects,
            min_words=self.settings.run.corpus.min_words,
            seed=self.settings.run.seed,
        )

    def _known(self, gone: Iterable[str]) -> Known:
        mining = self.settings.mining
        return Known(
            gone=frozenset(gone),
            decisions=self.decisions(),
            influences=_influences(mining.influence_file) if mining.influence_file else {},
            is_eligible=self.mirroring.is_eligible,
        )

    def _quarantine(self, kept: Contender) -> Quarantine:
        mining = self.settings.mining
        limits: dict[str, float] = {}
        if mining.extreme_quantile is not None:
            limits["score"] = float(np.quantile(kept.measured.fixed.ai, mining.extreme_quantile, method="higher"))
        if mining.influence_limit is not None:
            limits["influence"] = mining.influence_limit
        quarantine = Quarantine(limits=limits, last_month=mining.last_human_month)
        quarantine.know(example.text for example in load_examples(self.texts.file(TRAIN)) if example.label == "ai")
        quarantine.know(example.text for example in (*self.texts.bank, *self.texts.valid_ai))
        return quarantine

    def _new_suspects(self, selection: Selection, number: int) -> list[Suspect]:
        earlier = [file for file in self.folder.reviews() if file != self.folder.review(number)]
        asked = {name for file in earlier for name in sheet_ids(file)}
        return [suspect for suspect in selection.suspects if suspect.example.id not in asked]


def _influences(file: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for line, row in iter_rows(file):
        name = word_of(row.get("id"))
        try:
            value = float(str(row.get("influence")))
        except ValueError as error:
            raise DataError(
                f"{file}:{line}: influence is {row.get('influence')!r}; expected a number in a column of that name."
            ) from error
        if name is None:
            raise DataError(f"{file}:{line}: id is empty; expected the id of a text of the pool.")
        found[name] = value
    return found
