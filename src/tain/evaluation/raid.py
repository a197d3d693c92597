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
from tain.evaluation.attacked_rows import UNATTACKED
from tain.evaluation.delong import auroc_with_interval
from tain.evaluation.intervals import Estimate, Rate, rate
from tain.evaluation.raid_rows import RaidRow, as_row_scores, human_evidence
from tain.evaluation.raid_thresholds import DomainThreshold, domain_threshold
from tain.evaluation.samples import Flags, Floats, Indices, as_groups

ALL = "all"
TARGETS = (0.05, 0.01)

Names = NDArray[np.str_]


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
    points = {target: _Point.of(texts, target) for target in target_fprs}
    evidence = human_evidence(rows, with_paraphrased=with_paraphrased)
    return RaidMeasures(
        cells=tuple(texts.cell(*part, points) for part in texts.parts()),
        thresholds={target: point.thresholds for target, point in points.items()},
        human_fpr=texts.human_fpr(evidence, points),
        n_paraphrased=int((texts.is_human & ~evidence).sum()),
    )


@dataclass(frozen=True, slots=True)
class _Texts:
    scores: Floats
    is_human: Flags
    domains: Names
    attacks: Names
    generators: Names
    groups: Indices | None

    @classmethod
    def of(cls, scores: Sequence[float | None], rows: Sequence[RaidRow]) -> _Texts:
        values = as_row_scores(scores, rows)
        is_human = np.array([row.is_human for row in rows], dtype=np.bool_)
        domains, attacks, generators = (
            np.array([getattr(row, name) for row in rows], dtype=np.str_) for name in ("domain", "attack", "generator")
        )
        groups = [row.group for row in rows]
        index = as_groups(groups, n=len(rows))[0] if any(groups) else None
        return cls(values, is_human, domains, attacks, generators, index)

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

    def cell(self, domain: str, attack: str, generator: str, points: Mapping[float, _Point]) -> RaidCell:
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
            tpr={target: point.found(ai & self.has_score) for target, point in points.items()},
            leaderboard_tpr={target: point.printed(ai, domain, gap) for target, point in points.items()},
            auroc=self._auroc(ai, human & (self.attacks == UNATTACKED)),
            leaderboard_auroc=Estimate(None, reason=gap) if gap else self._auroc(ai, human),
        )

    def human_fpr(self, evidence: Flags, points: Mapping[float, _Point]) -> dict[str, dict[float, Rate]]:
        names = [UNATTACKED, *(name for name in _values(self.attacks[evidence]) if name != UNATTACKED)]
        masks = {name: evidence & self.has_score & (self.attacks == name) for name in names}
        return {name: {t: point.found(mask) for t, point in points.items()} for name, mask in masks.items()}

    def _gap(self, ai: Flags, human: Flags) -> str | None:
        for mask, kind in ((ai, "AI"), (human, "human")):
            n_missing, n = int((mask & ~self.has_score).sum()), int(mask.sum())
            if n_missing:
                return f"{n_missing:,} of {n:,} {kind} texts without a score; RAID drops an incomplete part."
        return None

    def _auroc(self, ai: Flags, human: Flags) -> Estimate:
        chosen = (ai | human) & self.has_score
        groups = None if self.groups is None else self.groups[chosen]
        try:
            return auroc_with_interval(self.scores[chosen], ai[chosen], groups=groups)
        except MetricError as error:
            return Estimate(None, reason=str(error))


@dataclass(frozen=True, slots=True)
class _Point:
    """What the thresholds of one target do to each text; false where a domain has none."""

    thresholds: tuple[DomainThreshold, ...]
    is_above_exact: Flags
    is_at_walk: Flags
    has_exact: Flags
    with_ai: frozenset[str]

    @classmethod
    def of(cls, texts: _Texts, target: float) -> _Point:
        clean = texts.is_human & (texts.attacks == UNATTACKED) & texts.has_score
        exact, walk = np.full((2, texts.scores.size), np.nan)
        thresholds = []
        for name in _values(texts.domains):
            here = texts.domains == name
            found = domain_threshold(texts.scores[clean & here], domain=name, target_fpr=target)
            exact[here] = np.nan if found.exact is None else found.exact
            walk[here] = np.nan if found.walk is None else found.walk
            thresholds.append(found)
        with_ai = frozenset(_values(texts.domains[~texts.is_human]))
        return cls(tuple(thresholds), texts.scores > exact, texts.scores >= walk, ~np.isnan(exact), with_ai)

    def found(self, scored: Flags) -> Rate:
        if (scored & ~self.has_exact).any():
            reason = next(each.missed for each in self.thresholds if each.exact is None)
            return Rate(0, 0, None, None, None, reason=reason)
        return rate(int((scored & self.is_above_exact).sum()), int(scored.sum()), of="scored texts")

    def printed(self, ai: Flags, domain: str, gap: str | None) -> Rate:
        refused = [each.missed for each in self.thresholds if each.walk is None]
        counted = self.with_ai if domain == ALL else {domain}
        missed = [each.missed for each in self.thresholds if each.domain in counted]
        reason = next((why for why in (*refused, gap, *missed) if why), None)
        if reason:
            return Rate(0, 0, None, None, None, reason=reason)
        return rate(int((ai & self.is_at_walk).sum()), int(ai.sum()), of="AI texts")


def _values(names: Names) -> list[str]:
    return sorted(set(names.tolist()))
