"""What attacks do to a detector: texts of a test attacked and scored again, or a test that came attacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tain.core.example import Corpus
from tain.core.progress import progress
from tain.detector import Detector
from tain.evaluation.attacked import attack_table, attack_table_of_rows
from tain.evaluation.attacked_rows import MODEL_WRITTEN, AttackRow
from tain.evaluation.attacks.base import Attack
from tain.evaluation.attacks.registry import expand
from tain.evaluation.attacks.suite import apply_at
from tain.evaluation.thresholds import OperatingPoint
from tain.recipes.attack_parts import make_attacks

N_TEXTS = 200

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AttackTest:
    """Which attacks are tried on how many texts.

    Attributes:
        names: Of attacks and of groups of them; none tries none.
        seed: Draws the texts, and what is changed in them.
        n_texts: Of each class; all where there are fewer.
    """

    names: tuple[str, ...] = ()
    seed: int = 0
    n_texts: int = N_TEXTS

    def __post_init__(self) -> None:
        """Refuse names that are none before anything is read."""
        if self.names:
            expand(self.names)

    def __bool__(self) -> bool:
        """Whether any is tried."""
        return bool(self.names)


class Attacker:
    """Attacks some of the texts of a test and scores them with the detector that scored the test."""

    def __init__(self, detector: Detector, corpus: Corpus, test: AttackTest, *, is_quiet: bool = False) -> None:
        """Make the attacks; `sentence_splice` takes its sentences from the human texts of the corpus.

        Args:
            detector: That is measured.
            corpus: With labels human and ai.
            test: Which attacks, on how many texts.
            is_quiet: No progress bar.

        Raises:
            ConfigError: If an attack that was asked for by its name lacks what it needs.
        """
        self.detector, self.corpus, self.test, self.is_quiet = detector, corpus, test, is_quiet
        self.is_ai = np.array([example.label == "ai" for example in corpus])
        donors = [example.text for example in corpus if example.label == "human"]
        self.attacks, self.left_out = make_attacks(test.names, donors=donors)

    @property
    def provenance(self) -> Mapping[str, object]:
        """What was tried, for the Report."""
        tried = {"seed": self.test.seed, "texts of each class": self.test.n_texts}
        names = {"names": [attack.name for attack in self.attacks], **tried}
        return {"attacks": names | ({"not tried, for want of OPENAI_BASE_URL": self.left_out} if self.left_out else {})}

    def __call__(self, scores: Floats, points: Sequence[OperatingPoint]) -> tuple[AttackRow, ...]:
        """One row for the texts as they were and one for each attack.

        Args:
            scores: Of the whole corpus, shape (n,); texts without a score are not attacked.
            points: As stored.
        """
        chosen = self._sample(scores)
        kept = {each.name: self._kept(each, chosen) for each in self.attacks}
        made = {}
        total = sum(len(places) for places in kept.values())
        with progress("scoring attacked texts", total, is_quiet=self.is_quiet) as advance:
            for attack in self.attacks:
                places = kept[attack.name]
                texts = [self.corpus.examples[place].text for place in places]
                attacked = apply_at(attack, texts, places=places, seed=self.test.seed)
                found = np.full(len(self.corpus), np.nan)
                verdicts = self.detector.score([each.text for each in attacked], advance=advance)
                found[places] = [np.nan if verdict.score is None else verdict.score for verdict in verdicts]
                made[attack.name] = found[chosen]
        groups = [self.corpus.examples[place].group or "" for place in chosen]
        return attack_table(scores[chosen], made, self.is_ai[chosen], points=points, groups=groups)

    def _sample(self, scores: Floats) -> NDArray[np.intp]:
        rng = np.random.default_rng(self.test.seed)
        of_class = (np.flatnonzero(~np.isnan(scores) & (self.is_ai == is_ai)) for is_ai in (False, True))
        return np.sort(np.concatenate([rng.permutation(places)[: self.test.n_texts] for places in of_class]))

    def _kept(self, attack: Attack, chosen: NDArray[np.intp]) -> list[int]:
        # What a language model makes of a human text is no human text, and is not worth asking for.
        places = chosen[self.is_ai[chosen]] if attack.name in MODEL_WRITTEN else chosen
        return [int(place) for place in places]


def rows_as_they_came(
    corpus: Corpus, attacks: Sequence[str | None], scores: Floats, points: Sequence[OperatingPoint]
) -> tuple[AttackRow, ...]:
    """The same for texts that came attacked.

    Args:
        corpus: With labels human and ai.
        attacks: What was done to each text.
        scores: Shape (n,).
        points: As stored.
    """
    is_ai = [example.label == "ai" for example in corpus]
    groups = [example.group or "" for example in corpus]
    return attack_table_of_rows(scores, attacks, is_ai, points=points, groups=groups)
