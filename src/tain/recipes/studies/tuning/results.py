"""The results of a study: a row for each contestant, and paired tests between contestants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from tain.evaluation.bootstrap import Bootstrap
from tain.recipes.studies.spread import Spread, spread
from tain.recipes.studies.tuning.cell import TEST, VALID, CellFolder
from tain.recipes.studies.tuning.configuration import Setting
from tain.recipes.studies.tuning.measures import Predictions, measure, measured
from tain.recipes.studies.tuning.paired import Gap, accuracy_gap, holm, measure_gap
from tain.recipes.studies.tuning.plan import Group, Plan
from tain.recipes.studies.tuning.study import choose, swept
from tain.recipes.studies.tuning.teaching import is_barred


@dataclass(frozen=True)
class Candidate:
    """A learning rate of a sweep.

    Attributes:
        rate: Peak learning rate.
        validation: The measure that chooses, on validation texts; None where it diverged.
    """

    rate: float
    validation: float | None


@dataclass(frozen=True)
class TuningRow:
    """What one contestant did with so many training texts.

    Attributes:
        task: Name of the task.
        base: Backbone; empty for a classical model.
        contestant: Its name.
        method: The name it has without varied settings.
        varied: The settings that tell it from others of the method.
        size: Training texts.
        n_test: Test texts.
        rate: The learning rate that validation texts chose; None for a classical model, or where all diverged.
        sweep: Every candidate.
        accuracy: Over seeds.
        measures: The task's own over seeds, the one that chooses first.
        by_seed: Accuracy and measures of each seed.
        teacher: The contestant it learned from; None without one.
        n_diverged: Seeds whose training, or whose teacher's, diverged at the chosen rate; they are in no mean.
        n_trainable: Parameters that train, the head's among them.
        n_parameters: Of the backbone with its head.
        peak_rss_bytes: The most memory of the training processes, over seeds.
        base_rss_bytes: Of it before the backbone was loaded: Python and libraries.
        peak_device_bytes: The most memory on the accelerator, over seeds; None without one.
        activation_bytes: What the forward pass of the largest batch keeps, the most over seeds.
        optimiser_bytes: What the optimiser keeps between steps.
        train_s: Seconds of all steps, evaluations and checkpoints aside, over seeds.
        tokens_per_s: Over seeds.
    """

    task: str
    base: str
    contestant: str
    method: str
    varied: Mapping[str, Setting]
    size: int
    n_test: int
    rate: float | None
    sweep: tuple[Candidate, ...]
    accuracy: Spread
    measures: Mapping[str, Spread]
    by_seed: Mapping[int, Mapping[str, float | None]]
    teacher: str | None
    n_diverged: int
    n_trainable: int | None
    n_parameters: int | None
    peak_rss_bytes: int | None
    base_rss_bytes: int | None
    peak_device_bytes: int | None
    activation_bytes: int | None
    optimiser_bytes: int | None
    train_s: Spread
    tokens_per_s: Spread


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
    p_holm: float | None


@dataclass(frozen=True)
class _Tested:
    """The finished cells of a group by seed."""

    group: Group
    cells: Mapping[int, CellFolder]
    predictions: Mapping[int, Predictions]


def gather(plan: Plan) -> tuple[list[TuningRow], list[PairedTest]]:
    """What is done of a study; contestants of which no seed is tested yet are left out.

    Args:
        plan: Of the study.
    """
    rows: list[TuningRow] = []
    together: dict[tuple[str, int], list[_Tested]] = {}
    for group in plan.groups():
        row, tested = _row(plan, group)
        if row is None:
            continue
        rows.append(row)
        if tested.predictions:
            together.setdefault((row.task, row.size), []).append(tested)
    tests = [test for contestants in together.values() for test in _tests(plan, contestants)]
    return rows, tests


def _row(plan: Plan, group: Group) -> tuple[TuningRow | None, _Tested]:
    rate = choose(plan, group)
    seeds = plan.study.seeds if rate is not None or group.variant is None else ()
    folders = {seed: plan.folder(plan.cell(group, rate=rate, seed=seed)) for seed in seeds}
    done = {seed: folder for seed, folder in folders.items() if folder.is_tested}
    tested = _Tested(group, done, {seed: folder.predictions(TEST) for seed, folder in done.items()})
    n_diverged = sum(folder.has_diverged for folder in folders.values())
    n_diverged += sum(is_barred(plan, group, seed=seed) for seed in plan.study.seeds)
    sweep = _sweep(plan, group)
    all_diverged = bool(sweep) and len(sweep) == len(swept(group)) and all(c.validation is None for c in sweep)
    if not done and not all_diverged and not n_diverged:
        return None, tested
    names = tuple(dict.fromkeys(("accuracy", *group.texts.measures)))
    by_seed = {seed: measured(own, names) for seed, own in tested.predictions.items()}
    spreads = {name: spread(v for own in by_seed.values() if (v := own[name]) is not None) for name in names}
    costs = [folder.cost() for folder in done.values()]

    def most(name: str) -> int | None:
        found = [int(cost[name]) for cost in costs if cost.get(name) is not None]
        return max(found) if found else None

    row = TuningRow(
        task=group.texts.task.name,
        base=group.base,
        contestant=group.contestant,
        method=group.variant.of.name if group.variant else group.contestant,
        varied=group.variant.varied if group.variant else {},
        size=group.size,
        n_test=group.texts.counts["test"],
        rate=rate,
        sweep=sweep,
        accuracy=spreads["accuracy"],
        measures={name: spreads[name] for name in group.texts.measures},
        by_seed=by_seed,
        teacher=group.variant.of.teacher if group.variant else None,
        n_diverged=n_diverged,
        n_trainable=most("n_trainable"),
        n_parameters=most("n_parameters"),
        peak_rss_bytes=most("peak_rss_bytes"),
        base_rss_bytes=most("base_rss_bytes"),
        peak_device_bytes=most("peak_device_bytes"),
        activation_bytes=most("activation_bytes"),
        optimiser_bytes=most("optimiser_bytes"),
        train_s=spread(float(c["train_s"]) for c in costs if c.get("train_s") is not None),
        tokens_per_s=spread(float(c["tokens_per_s"]) for c in costs if c.get("tokens_per_s")),
    )
    return row, tested


def _sweep(plan: Plan, group: Group) -> tuple[Candidate, ...]:
    found = []
    for rate in swept(group):
        folder = plan.folder(plan.cell(group, rate=rate, seed=plan.study.seeds[0]))
        if folder.is_trained:
            is_scored = not folder.has_diverged
            value = measure(folder.predictions(VALID), group.texts.measures[0]) if is_scored else None
            found.append(Candidate(rate, value))
    return tuple(found)


def _tests(plan: Plan, contestants: Sequence[_Tested]) -> list[PairedTest]:
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


def _is_asked(plan: Plan, first: _Tested, second: _Tested) -> bool:
    reference = plan.study.reference
    return reference is None or any(reference in one.group.names["method"] for one in (first, second))


def _tests_of(plan: Plan, base: str, pairs: Sequence[tuple[_Tested, _Tested]], name: str) -> list[PairedTest]:
    found: list[tuple[_Tested, _Tested, tuple[int, ...], Gap]] = []
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
            gap = measure_gap(one, other, name, bootstrap=Bootstrap(n_draws=plan.study.n_draws))
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
            p_holm=p_holm,
        )
        for (first, second, seeds, gap), p_holm in zip(found, raised, strict=True)
    ]
