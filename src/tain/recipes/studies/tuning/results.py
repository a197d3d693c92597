"""The results of a study: a row for each contestant, and paired tests between contestants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from tain.evaluation.bootstrap import Bootstrap
from tain.recipes.studies.tuning.paired import Drawn, Gap, accuracy_gap, difference, enough_draws, holm, measure_gap
from tain.recipes.studies.tuning.plan import Plan
from tain.recipes.studies.tuning.rows import Tested, TuningRow, row_of


@dataclass(frozen=True)
class PairedTest:
    """Two contestants on the same test texts with the same seeds.

    Attributes:
        task: Name of the task.
        base: Backbone of the row; a classical model is tested against each.
        size: Training texts.
        first: The one contestant.
        second: The other, whose numbers are subtracted.
        n_texts: Test texts.
        seeds: That both have.
        gap: The difference and its test.
        by_seed: The difference of each seed; None where a measure is not defined.
        p_holm: The p-value with all tests of this task, backbone, size and measure read together.
    """

    task: str
    base: str
    size: int
    first: str
    second: str
    n_texts: int
    seeds: tuple[int, ...]
    gap: Gap
    by_seed: Mapping[int, float | None]
    p_holm: float | None


def gather(plan: Plan) -> tuple[list[TuningRow], list[PairedTest]]:
    """What is done of a study; contestants of which no seed is tested yet are left out.

    Args:
        plan: Of the study.
    """
    rows: list[TuningRow] = []
    together: dict[tuple[str, int], list[Tested]] = {}
    for group in plan.groups():
        row, tested = row_of(plan, group)
        if row is None:
            continue
        rows.append(row)
        if tested.predictions:
            together.setdefault((row.task, row.size), []).append(tested)
    tests = [test for contestants in together.values() for test in _tests(plan, contestants)]
    return rows, tests


def _tests(plan: Plan, contestants: Sequence[Tested]) -> list[PairedTest]:
    """Of one task and size, backbone by backbone."""
    found = []
    bases = [base for base in plan.study.bases if any(one.group.base == base for one in contestants)]
    for base in bases or [""]:
        own = [one for one in contestants if one.group.base in (base, "")]
        pairs = [pair for pair in combinations(own, 2) if _is_asked(plan, *pair)]
        names = dict.fromkeys(("accuracy", *own[0].group.texts.measures))
        for name in names:
            found += _tests_of(plan, base, pairs, name)
    return found


def _is_asked(plan: Plan, first: Tested, second: Tested) -> bool:
    reference = plan.study.reference
    return reference is None or any(reference in one.group.names["method"] for one in (first, second))


def _tests_of(plan: Plan, base: str, pairs: Sequence[tuple[Tested, Tested]], name: str) -> list[PairedTest]:
    found: list[tuple[Tested, Tested, tuple[int, ...], Gap]] = []
    bootstrap, drawn = Bootstrap(n_draws=enough_draws(plan.study.n_draws, n_pairs=len(pairs))), Drawn()
    for pair in pairs:
        is_turned = plan.study.reference is not None and plan.study.reference in pair[0].group.names["method"]
        first, second = reversed(pair) if is_turned else pair
        seeds = tuple(seed for seed in plan.study.seeds if seed in first.predictions and seed in second.predictions)
        if not seeds:
            continue
        one, other = ([side.predictions[seed] for seed in seeds] for side in (first, second))
        if name == "accuracy":
            gap = accuracy_gap(one, other)
        else:
            gap = measure_gap(one, other, name, bootstrap=bootstrap, drawn=drawn)
        found.append((first, second, seeds, gap))
    raised = holm([gap.p for *_, gap in found])
    return [
        PairedTest(
            task=first.group.texts.task.name,
            base=base,
            size=first.group.size,
            first=first.group.contestant,
            second=second.group.contestant,
            n_texts=len(first.predictions[seeds[0]].ids),
            seeds=seeds,
            gap=gap,
            by_seed={s: difference(first.predictions[s], second.predictions[s], name) for s in seeds},
            p_holm=p_holm,
        )
        for (first, second, seeds, gap), p_holm in zip(found, raised, strict=True)
    ]
