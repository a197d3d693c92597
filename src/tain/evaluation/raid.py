"""RAID's measures: the share of AI texts found at a false positive rate set anew in each domain, and AUROC two ways.

Each number stands twice: as the leaderboard will print it, and as the scores deserve. The leaderboard's is missing
where RAID's threshold search misses the target or a text has no score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import MetricError
from tain.evaluation.delong import auroc_with_interval
from tain.evaluation.intervals import Estimate, Rate, rate
from tain.evaluation.raid_rows import UNATTACKED, RaidRow, as_row_scores, human_evidence
from tain.evaluation.raid_thresholds import DomainThreshold, domain_threshold
from tain.evaluation.samples import Flags, Floats

ALL = "all"
TARGETS = (0.05, 0.01)

Names = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class RaidCell:
    """One part of RAID's AI texts.

    Attributes:
        domain: Of its texts, or `all`.
        attack: On them, `none`, or `all`.
        generator: Of them, or `all`.
        coverage: AI texts with a score.
        tpr: Found above each domain's exact threshold, by target.
        leaderboard_tpr: As RAID prints it, by target; its reason names the domain that missed.
        auroc: Against the unattacked human texts of the same domains.
        leaderboard_auroc: As RAID takes it: against all human texts of the same domains, attacked ones included.
    """

    domain: str
    attack: str
    generator: str
    coverage: Rate
    tpr: Mapping[float, Rate]
    leaderboard_tpr: Mapping[float, Rate]
    auroc: Estimate
    leaderboard_auroc: Estimate


@dataclass(frozen=True, slots=True)
class RaidMeasures:
    """What RAID says of a detector.

    Attributes:
        cells: All texts first, then unattacked ones, each domain, each attack, each generator.
        thresholds: For each target, one for each domain.
        human_fpr: Human texts flagged at the exact thresholds, by attack and target.
        n_paraphrased: Human texts left out of `human_fpr`, because a language model rewrote them.
    """

    cells: tuple[RaidCell, ...]
    thresholds: Mapping[float, tuple[DomainThreshold, ...]]
    human_fpr: Mapping[str, Mapping[float, Rate]]
    n_paraphrased: int

    @property
    def missed(self) -> tuple[str, ...]:
        """Why RAID gives no result, for each domain and target that misses."""
        return tuple(each.missed for found in self.thresholds.values() for each in found if each.missed)


def raid_measures(
    scores: Sequence[float | None],
    rows: Sequence[RaidRow],
    *,
    target_fprs: Sequence[float] = TARGETS,
    with_paraphrased: bool = False,
) -> RaidMeasures:
    """RAID's measures of a detector's scores.

    Args:
        scores: One per row, any finite numbers, higher means AI; None or NaN where the detector abstained.
        rows: Of labelled RAID data.
        target_fprs: Each between 0 and 1.
        with_paraphrased: Count paraphrased human texts among the false positives.

    Raises:
        MetricError: If scores and rows do not fit, or there is no AI text.

    Source:
        Dugan et al. 2024, RAID, arXiv:2405.07940; raid-bench 0.2.0. Differs: decodings and repetition penalties are
        not told apart, and the exact thresholds are ours.
    """
    texts = _Texts.of(scores, rows)
    if texts.is_human.all():
        raise MetricError(f"There are no AI texts among {len(rows):,} rows. RAID's measures need both classes.")
    thresholds = {target: texts.thresholds(target) for target in target_fprs}
    evidence = human_evidence(rows, with_paraphrased=with_paraphrased)
    return RaidMeasures(
        cells=tuple(texts.cell(*parts, thresholds) for parts in texts.parts()),
        thresholds=thresholds,
        human_fpr=texts.human_fpr(evidence, thresholds),
        n_paraphrased=int((texts.is_human & ~evidence).sum()),
    )


@dataclass(frozen=True, slots=True)
class _Texts:
    scores: Floats
    is_human: Flags
    domains: Names
    attacks: Names
    generators: Names
    groups: Names

    @classmethod
    def of(cls, scores: Sequence[float | None], rows: Sequence[RaidRow]) -> _Texts:
        values = as_row_scores(scores, rows)
        is_human = np.array([row.is_human for row in rows], dtype=np.bool_)
        columns = ("domain", "attack", "generator", "group")
        return cls(
            values, is_human, *(np.array([getattr(row, name) for row in rows], dtype=object) for name in columns)
        )

    @property
    def has_score(self) -> Flags:
        return ~np.isnan(self.scores)

    def parts(self) -> Iterator[tuple[str, str, str]]:
        ai = ~self.is_human
        yield ALL, ALL, ALL
        if (self.attacks[ai] == UNATTACKED).any():
            yield ALL, UNATTACKED, ALL
        yield from ((name, ALL, ALL) for name in _values(self.domains[ai]))
        yield from ((ALL, name, ALL) for name in _values(self.attacks[ai]) if name != UNATTACKED)
        yield from ((ALL, ALL, name) for name in _values(self.generators[ai]))

    def thresholds(self, target: float) -> tuple[DomainThreshold, ...]:
        clean = self.is_human & (self.attacks == UNATTACKED) & self.has_score
        return tuple(
            domain_threshold(self.scores[clean & (self.domains == name)], domain=name, target_fpr=target)
            for name in _values(self.domains)
        )

    def cell(
        self, domain: str, attack: str, generator: str, thresholds: Mapping[float, Sequence[DomainThreshold]]
    ) -> RaidCell:
        here = np.full(self.scores.size, True) if domain == ALL else self.domains == domain
        ai = here & ~self.is_human
        for names, name in ((self.attacks, attack), (self.generators, generator)):
            ai &= True if name == ALL else names == name
        human = here & self.is_human
        gap = self._gap(ai, human)
        return RaidCell(
            domain=domain,
            attack=attack,
            generator=generator,
            coverage=rate(int((ai & self.has_score).sum()), int(ai.sum()), of="AI texts"),
            tpr={target: self._found(ai, found) for target, found in thresholds.items()},
            leaderboard_tpr={target: self._printed(ai, found, domain, gap) for target, found in thresholds.items()},
            auroc=self._auroc(ai, human & (self.attacks == UNATTACKED)),
            leaderboard_auroc=Estimate(None, reason=gap) if gap else self._auroc(ai, human),
        )

    def human_fpr(
        self, evidence: Flags, thresholds: Mapping[float, Sequence[DomainThreshold]]
    ) -> dict[str, dict[float, Rate]]:
        names = [UNATTACKED, *(name for name in _values(self.attacks[evidence]) if name != UNATTACKED)]
        masks = {name: evidence & (self.attacks == name) for name in names}
        return {name: {t: self._found(mask, found) for t, found in thresholds.items()} for name, mask in masks.items()}

    def _found(self, texts: Flags, thresholds: Sequence[DomainThreshold]) -> Rate:
        n = n_found = 0
        for each in thresholds:
            chosen = self.scores[texts & self.has_score & (self.domains == each.domain)]
            if chosen.size and each.exact is None:
                return Rate(0, 0, None, None, None, reason=each.missed)
            n += chosen.size
            n_found += int((chosen > each.exact).sum()) if each.exact is not None else 0
        return rate(n_found, n, of="scored texts")

    def _printed(self, ai: Flags, thresholds: Sequence[DomainThreshold], domain: str, gap: str | None) -> Rate:
        refused = [each.missed for each in thresholds if each.walk is None]
        with_ai = set(self.domains[~self.is_human]) if domain == ALL else {domain}
        missed = [each.missed for each in thresholds if each.domain in with_ai]
        reason = next((why for why in (*refused, gap, *missed) if why), None)
        if reason:
            return Rate(0, 0, None, None, None, reason=reason)
        limits = {each.domain: each.walk for each in thresholds}
        chosen = np.array([limits[name] for name in self.domains[ai]], dtype=np.float64)
        return rate(int((self.scores[ai] >= chosen).sum()), int(ai.sum()), of="AI texts")

    def _gap(self, ai: Flags, human: Flags) -> str | None:
        for mask, kind in ((ai, "AI"), (human, "human")):
            n_missing = int((mask & ~self.has_score).sum())
            if n_missing:
                return (
                    f"{n_missing:,} of {int(mask.sum()):,} {kind} texts without a score; RAID drops an incomplete part."
                )
        return None

    def _auroc(self, ai: Flags, human: Flags) -> Estimate:
        chosen = (ai | human) & self.has_score
        try:
            return auroc_with_interval(self.scores[chosen], ai[chosen], groups=self.groups[chosen])
        except MetricError as error:
            return Estimate(None, reason=str(error))


def _values(names: Names) -> list[str]:
    return sorted(set(names.tolist()))
