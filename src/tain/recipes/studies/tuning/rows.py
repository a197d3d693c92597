"""A row of a study's results: what one contestant did on one task, with one backbone and number of texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tain.recipes.studies.spread import Spread, spread
from tain.recipes.studies.tuning.cell import TEST, VALID
from tain.recipes.studies.tuning.choice import choose
from tain.recipes.studies.tuning.configuration import Setting
from tain.recipes.studies.tuning.measures import Predictions, measure, measured
from tain.recipes.studies.tuning.plan import Group, Plan
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
        swept_at: Number of training texts at which it was chosen.
        sweep: Every candidate.
        accuracy: Over seeds.
        measures: The task's own over seeds, the one that chooses first.
        by_seed: Accuracy and measures of each seed.
        teacher: The contestant it learned from; None without one.
        n_epochs: Passes over the training texts; None for a classical model.
        n_evaluations: Times that validation texts were scored in a training, of which the best is taken.
        n_diverged: Seeds whose training, or whose teacher's, diverged at the chosen rate; they are in no mean.
        n_trainable: Parameters that train, the head's among them.
        n_parameters: Of the backbone with its head, before the method changed it.
        weight_bytes: Of every weight as it is stored after training, adapters and head among them.
        bits_per_weight: Of the quantised matrices, scales counted and adapters not; None where none is quantised.
        weight_error: How far quantised weights and adapters were from the base before training, as a share of its norm.
        peak_rss_bytes: The most memory of the training processes, over seeds; none of those that were resumed.
        base_rss_bytes: Of it before the backbone was loaded: Python and libraries.
        peak_device_bytes: The most memory on the accelerator, over seeds, likewise; None without one.
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
    swept_at: int
    sweep: tuple[Candidate, ...]
    accuracy: Spread
    measures: Mapping[str, Spread]
    by_seed: Mapping[int, Mapping[str, float | None]]
    teacher: str | None
    n_epochs: float | None
    n_evaluations: int | None
    n_diverged: int
    n_trainable: int | None
    n_parameters: int | None
    weight_bytes: int | None
    bits_per_weight: float | None
    weight_error: float | None
    peak_rss_bytes: int | None
    base_rss_bytes: int | None
    peak_device_bytes: int | None
    activation_bytes: int | None
    optimiser_bytes: int | None
    train_s: Spread
    tokens_per_s: Spread


@dataclass(frozen=True)
class Tested:
    """The tests of a group.

    Attributes:
        group: What is compared.
        predictions: On the test texts, by seed.
    """

    group: Group
    predictions: Mapping[int, Predictions]


def row_of(plan: Plan, group: Group) -> tuple[TuningRow | None, Tested]:
    """The row of a group, if any seed of it is done, and its tests.

    Args:
        plan: Of the study.
        group: What is compared.
    """
    rate = choose(plan, group)
    seeds = plan.study.seeds if rate is not None or group.variant is None else ()
    folders = {seed: plan.folder(plan.cell(group, rate=rate, seed=seed)) for seed in seeds}
    done = {seed: folder for seed, folder in folders.items() if folder.is_tested}
    tested = Tested(group, {seed: folder.predictions(TEST) for seed, folder in done.items()})
    n_diverged = sum(folder.has_diverged for folder in folders.values())
    n_diverged += sum(is_barred(plan, group, seed=seed) for seed in plan.study.seeds)
    sweep = _sweep(plan, group)
    all_diverged = bool(sweep) and len(sweep) == len(plan.sweep(group)) and all(c.validation is None for c in sweep)
    if not done and not all_diverged and not n_diverged:
        return None, tested
    names = tuple(dict.fromkeys(("accuracy", *group.texts.measures)))
    by_seed = {seed: measured(own, names) for seed, own in tested.predictions.items()}
    spreads = {name: spread(v for own in by_seed.values() if (v := own[name]) is not None) for name in names}
    costs = [folder.cost() for folder in done.values()]

    rates = group.variant.of.learning_rates if group.variant else (None,)
    training = plan.cell(group, rate=rates[0], seed=plan.study.seeds[0]).training

    def most(name: str) -> Any:  # noqa: ANN401 (whole or not, as it was counted)
        return max((cost[name] for cost in costs if cost.get(name) is not None), default=None)

    def peak(name: str) -> int | None:  # one that was resumed never did all of its work in one process
        return max((cost[name] for cost in costs if cost.get(name) and not cost["is_resumed"]), default=None)

    row = TuningRow(
        task=group.texts.task.name,
        base=group.base,
        contestant=group.contestant,
        method=group.variant.of.name if group.variant else group.contestant,
        varied=group.variant.varied if group.variant else {},
        size=group.size,
        n_test=group.texts.counts["test"],
        rate=rate,
        swept_at=plan.sweeper(group).size,
        sweep=sweep,
        accuracy=spreads["accuracy"],
        measures={name: spreads[name] for name in group.texts.measures},
        by_seed=by_seed,
        teacher=group.variant.of.teacher if group.variant else None,
        n_epochs=training.n_epochs if training else None,
        n_evaluations=training.n_evaluations if training else None,
        n_diverged=n_diverged,
        n_trainable=most("n_trainable"),
        n_parameters=most("n_parameters"),
        weight_bytes=most("weight_bytes"),
        bits_per_weight=most("bits_per_weight"),
        weight_error=most("weight_error"),
        peak_rss_bytes=peak("peak_rss_bytes"),
        base_rss_bytes=most("base_rss_bytes"),
        peak_device_bytes=peak("peak_device_bytes"),
        activation_bytes=most("activation_bytes"),
        optimiser_bytes=most("optimiser_bytes"),
        train_s=spread(float(c["train_s"]) for c in costs if c.get("train_s") is not None),
        tokens_per_s=spread(float(c["tokens_per_s"]) for c in costs if c.get("tokens_per_s")),
    )
    return row, tested


def _sweep(plan: Plan, group: Group) -> tuple[Candidate, ...]:
    found = []
    for rate, cell in plan.sweep(group).items():
        folder = plan.folder(cell)
        if folder.is_trained:
            is_scored = not folder.has_diverged
            value = measure(folder.predictions(VALID), group.texts.measures[0]) if is_scored else None
            found.append(Candidate(rate, value))
    return tuple(found)
