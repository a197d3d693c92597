"""One pass over the pool: which texts are mined, which are held for review, which a random arm takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tain.core.example import Example
from tain.corpora.lengths import count_words
from tain.corpora.normalise import LATEST, get_normaliser
from tain.corpora.similarity import HeldTexts
from tain.mining.hardest import Candidate, Hardest, random_score
from tain.mining.pool_scores import ScoredShard
from tain.mining.quarantine import Decision, Quarantine, Suspect

SPARE = 2  # candidates kept for each that is wanted, as some repeat another or a text that judges


@dataclass(frozen=True)
class Wanted:
    """What a pass looks for.

    Attributes:
        n: Most texts to mine.
        cap_per_domain: Most of one domain; None counts none.
        floor: Texts are mined only above this score.
        n_random: Texts of a random sample; 0 for none.
        n_suspects: Most texts held for review.
        min_words: Shorter texts could not be trained on.
        seed: Of the random sample.
    """

    n: int
    cap_per_domain: int | None
    floor: float
    n_random: int
    n_suspects: int
    min_words: int
    seed: int


@dataclass(frozen=True)
class Known:
    """What is known of the pool before a pass.

    Attributes:
        gone: Ids that were mined already, reverted rounds included.
        decisions: What people have decided, by id.
        influences: By id, where there are any.
        is_eligible: Whether a text may be mined at all.
    """

    gone: frozenset[str] = frozenset()
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    influences: Mapping[str, float] = field(default_factory=dict)
    is_eligible: Callable[[Example], bool] = lambda example: True


@dataclass(frozen=True)
class Selection:
    """What a pass found.

    Attributes:
        mined: Most surely misjudged first.
        suspects: Held for review, most surely called AI first.
        relabelled: Texts of the pool that a person has decided are AI.
        random: As many random texts as were asked for.
        counts: What was seen and left out, by reason.
    """

    mined: list[Candidate]
    suspects: list[Suspect]
    relabelled: list[Example]
    random: list[Example]
    counts: dict[str, int]


class Selector:
    """Takes scored shards in turn, then says what to mine."""

    def __init__(self, wanted: Wanted, known: Known, quarantine: Quarantine, judges: HeldTexts) -> None:
        """See nothing yet.

        Args:
            wanted: How much of what.
            known: What is decided already.
            quarantine: What is held.
            judges: Texts that judge; nothing that nearly repeats one is mined.
        """
        self.wanted, self.known, self.quarantine, self.judges = wanted, known, quarantine, judges
        cap = wanted.cap_per_domain and SPARE * wanted.cap_per_domain
        self.hardest = Hardest(SPARE * wanted.n, cap_per_domain=cap, floor=wanted.floor)
        self.held = Hardest(wanted.n_suspects)
        self.sample = Hardest(max(1, SPARE * wanted.n_random))
        self.relabelled: list[Example] = []
        self.counts: Counter[str] = Counter()
        self._normaliser = get_normaliser(LATEST)

    def take(self, shard: ScoredShard) -> None:
        """See a shard.

        Args:
            shard: Of texts that may be mined.
        """
        self.counts["scored"] += len(shard.examples)
        self.counts["scored now"] += shard.n_new
        self.counts["too short"] += int(np.isnan(shard.scores).sum())
        above: list[Candidate] = []
        for example, score in zip(shard.examples, shard.scores.tolist(), strict=True):
            if not self._may_be_trained_on(example, score):
                continue
            self.sample.offer(example, random_score(example.id, seed=self.wanted.seed))
            if score > self.wanted.floor and example.id not in self.known.gone:
                above.append(Candidate(example, score))
        self.counts["above the floor"] += len(above)
        self._offer(above)

    def selection(self) -> Selection:
        """What to mine, after the last shard."""
        mined = Hardest(self.wanted.n, cap_per_domain=self.wanted.cap_per_domain)
        mined.offer_all(self._apart(self.hardest.taken()))
        suspects = [Suspect(held.example, held.score, self._reasons([held])[0]) for held in self.held.taken()]
        return Selection(mined.taken(), suspects, self.relabelled, self._random(), dict(self.counts))

    def _may_be_trained_on(self, example: Example, score: float) -> bool:
        decision = self.known.decisions.get(example.id)
        if decision == "ai" and example.id not in self.known.gone:
            self.relabelled.append(replace(example, label="ai", generator=None))
        is_long_enough = not np.isnan(score) and count_words(example.text) >= self.wanted.min_words
        return is_long_enough and decision in (None, "human") and self.known.is_eligible(example)

    def _offer(self, above: Sequence[Candidate]) -> None:
        for candidate, reasons in zip(above, self._reasons(above), strict=True):
            if not reasons:
                self.hardest.offer(candidate.example, candidate.score)
                continue
            self.counts["held for review"] += 1
            self.held.offer(candidate.example, candidate.score)

    def _reasons(self, candidates: Sequence[Candidate]) -> list[tuple[str, ...]]:
        examples = [candidate.example for candidate in candidates]
        columns = {
            "score": [candidate.score for candidate in candidates],
            "influence": [self.known.influences.get(example.id, np.nan) for example in examples],
        }
        found = self.quarantine.reasons(examples, columns)
        return [() if e.id in self.known.decisions else reasons for e, reasons in zip(examples, found, strict=True)]

    def _random(self) -> list[Example]:
        if not self.wanted.n_random:
            return []
        drawn = self.sample.taken()
        # A hard text may be held for its score; a random one is looked at for everything else.
        found = self.quarantine.reasons([candidate.example for candidate in drawn])
        passed = [c for c, reasons in zip(drawn, found, strict=True) if not reasons]
        return [candidate.example for candidate in self._apart(passed)][: self.wanted.n_random]

    def _apart(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Without texts that nearly repeat one that judges or a harder one, or are too short once normalised."""
        found = list(candidates)
        texts = [self._normaliser.normalise(candidate.example.text).text for candidate in found]
        near = self.judges.are_near(texts) if texts else []
        harder, kept = HeldTexts(), []
        for candidate, text, is_near in zip(found, texts, near, strict=True):
            if count_words(text) < self.wanted.min_words:
                self.counts["too short once normalised"] += 1
            elif is_near:
                self.counts["repeats a text that judges"] += 1
            elif harder.are_near([text])[0]:
                self.counts["repeats a harder text"] += 1
            else:
                harder.add([text])
                kept.append(candidate)
        return kept
