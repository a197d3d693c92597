"""Ways to choose the texts of a round: the hardest ones, and as many at random to compare with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tain.core.example import Example
from tain.detector import Detector
from tain.detector.folder import RUN_DETECTOR
from tain.mining.pool_scores import PoolScores
from tain.recipes.mine.detectors import DetectorMaker
from tain.recipes.mine.folder import RANDOM, MiningFolder
from tain.recipes.mine.measuring import Measured, measure
from tain.recipes.mine.mirroring import Mirroring
from tain.recipes.mine.stage import Added, Chosen, add, mirrors_in


@dataclass(frozen=True)
class Contender:
    """A detector, how it was made and what it does to the texts that judge.

    Attributes:
        number: Of its round.
        detector: Saved.
        measured: Its scores.
        added: What it was trained on besides the texts of the start.
    """

    number: int
    detector: Detector
    measured: Measured
    added: tuple[Added, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of what was added."""
        return tuple(each.file for each in self.added)

    @property
    def n_mined(self) -> int:
        """Mined texts it was trained on."""
        return sum(each.n_humans for each in self.added)


@dataclass(frozen=True)
class ArmRunner:
    """Trains and measures what an arm has chosen.

    Attributes:
        folder: Of the mining.
        maker: Trains and calibrates.
        mirroring: What stands beside each text.
        store: Of every score.
        is_quiet: No progress bars.
    """

    folder: MiningFolder
    maker: DetectorMaker
    mirroring: Mirroring
    store: PoolScores
    is_quiet: bool

    def first(self) -> Contender:
        """The detector before mining: trained now, or the one to start from."""
        place, model = self.folder.round(0), self.maker.settings.mining.model
        make: Callable[[], Detector] = lambda: (  # noqa: E731 (two ways to one thing)
            self.maker.start_from(Path(model), place) if model else self.maker.train(place, ())
        )
        return self._measured(0, make(), ())

    def hardest(self, number: int, chosen: Chosen, kept: Contender) -> Contender:
        """The detector that also learned from the hardest texts of this round.

        Args:
            number: Of the round.
            chosen: By the pass over the pool.
            kept: The detector that was kept before; its texts are trained on too.
        """
        place = self.folder.round(number)
        added = self._added(place, chosen.mined, chosen.relabelled, taken=mirrors_in(kept.files))
        return self._trained(number, place, (*kept.added, added))

    def random(self, number: int, chosen: Chosen, rival: Contender) -> Contender:
        """The detector that learned from as many random texts as the round's own has learned from in all.

        Args:
            number: Of the round.
            chosen: By the pass over the pool.
            rival: The detector of the hardest texts.
        """
        place = self.folder.round(number, RANDOM)
        added = self._added(place, chosen.random[: rival.n_mined])
        return self._trained(number, place, (added,))

    def _added(
        self, place: Path, humans: Sequence[Example], relabelled: Sequence[Example] = (), *, taken: Sequence[str] = ()
    ) -> Added:
        seed = self.maker.settings.run.seed
        return add(place, humans, relabelled, self.mirroring, taken=taken, seed=seed, is_quiet=self.is_quiet)

    def _trained(self, number: int, place: Path, added: Sequence[Added]) -> Contender:
        files = [each.file for each in added]
        if self.maker.settings.mining.learns == "ngrams":
            detector = self.maker.refit(Detector.load(self.folder.round(0) / RUN_DETECTOR), place, files)
        else:
            detector = self.maker.train(place, files)
        return self._measured(number, detector, tuple(added))

    def _measured(self, number: int, detector: Detector, added: tuple[Added, ...]) -> Contender:
        target_fpr = self.maker.settings.mining.target_fpr
        measured = measure(detector, self.maker.texts, self.store, target_fpr=target_fpr, is_quiet=self.is_quiet)
        return Contender(number, detector, measured, added)
