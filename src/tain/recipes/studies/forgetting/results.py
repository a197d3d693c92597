"""What a study of forgetting found: a row for each contestant, and how each differs from the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tain.evaluation.bootstrap import Bootstrap, percentile_interval
from tain.recipes.studies.forgetting.answering import about_written
from tain.recipes.studies.forgetting.measuring import kept, kept_change, kept_written
from tain.recipes.studies.forgetting.retention import Floats, Retention
from tain.recipes.studies.forgetting.study import ForgettingStudy
from tain.recipes.studies.spread import Spread, spread
from tain.recipes.studies.tuning.cell import TEST, CellFolder
from tain.recipes.studies.tuning.choice import chosen_rate
from tain.recipes.studies.tuning.measures import measure
from tain.recipes.studies.tuning.plan import Group


@dataclass(frozen=True)
class ForgettingRow:
    """What one contestant learnt and what its networks retain.

    Attributes:
        task: What is learnt.
        base: Backbone.
        contestant: Its name; empty for the backbone as it comes.
        size: Training texts; 0 for the backbone.
        rate: Learning rate; None for the backbone.
        measure: Of what is learnt.
        learnt: On the test texts, over seeds.
        retained: By task, over seeds.
        mean_retained: The mean of the tasks, over seeds.
        learnt_by_seed: By seed.
        retained_by_seed: The mean of the tasks by seed.
        effective_rank: Median over the matrices that changed, over seeds; 0 where none did.
        full_rank: What it could be at most.
        written: Of decoders: measures of what the network wrote on each task, over seeds.
        relative_frobenius: Median length of the change over that of the matrix, over seeds.
    """

    task: str
    base: str
    contestant: str
    size: int
    rate: float | None
    measure: str
    learnt: Spread
    retained: Mapping[str, Spread]
    mean_retained: Spread
    learnt_by_seed: Mapping[int, float]
    retained_by_seed: Mapping[int, float]
    effective_rank: Spread
    full_rank: float
    relative_frobenius: Spread
    written: Mapping[str, Mapping[str, Spread]]


@dataclass(frozen=True)
class RetainedGap:
    """How much more of the old tasks a contestant retains than another.

    Attributes:
        task: What was learnt.
        base: Backbone.
        size: Training texts.
        first: The one.
        second: The other, whose numbers are subtracted.
        value: Of the mean over tasks and seeds.
        low: Lower end of the 95% interval.
        high: Upper end.
        by_seed: The difference of each seed that both have.
        learnt_by_seed: What the first learnt more, by seed.
    """

    task: str
    base: str
    size: int
    first: str
    second: str
    value: float
    low: float | None
    high: float | None
    by_seed: Mapping[int, float]
    learnt_by_seed: Mapping[int, float]


@dataclass
class _Measured:
    """A row and what it was made from, so that draws are made once."""

    row: ForgettingRow
    said: Mapping[int, Sequence[Retention]]
    _draws: dict[int, Floats] = field(default_factory=dict)

    def draws(self, seed: int, bootstrap: Bootstrap) -> Floats:
        if seed not in self._draws:
            self._draws[seed] = np.mean([one.draws(bootstrap) for one in self.said[seed]], axis=0)
        return self._draws[seed]


def gather_forgetting(study: ForgettingStudy) -> tuple[list[ForgettingRow], list[RetainedGap]]:
    """What is done of a study; a contestant without a measured network is left out.

    Args:
        study: Its settings and folder.
    """
    bases = [row for base in study.study.learn.bases if (row := _base_row(study, base)) is not None]
    measured = [one for group in study.plan.groups() if (one := _measured(study, group)) is not None]
    rows = [*bases, *(one.row for one in measured)]
    return rows, _gaps(measured, study.study.learn.reference, n_draws=study.study.learn.n_draws)


def _base_row(study: ForgettingStudy, base: str) -> ForgettingRow | None:
    folder = study.job_of_base(base).folder
    found = {task.task.name: said.value for task in study.retained if (said := kept(folder, task)) is not None}
    if len(found) < len(study.retained):
        return None
    spreads = {name: spread([value]) for name, value in found.items()}
    mean, none = spread([float(np.mean(list(found.values())))]), spread(())
    written = _written(study, [folder])
    return ForgettingRow("", base, "", 0, None, "", none, spreads, mean, {}, {}, none, 0.0, none, written)


def _measured(study: ForgettingStudy, group: Group) -> _Measured | None:
    said: dict[int, list[Retention]] = {}
    learnt: dict[int, float] = {}
    changes: list[dict[str, float]] = []
    folders: list[Path] = []
    name = group.texts.measures[0]
    for seed in study.study.learn.seeds:
        job = study.job_of(group, seed)
        own = [] if job is None else [one for task in study.retained if (one := kept(job.folder, task)) is not None]
        change = kept_change(job.folder) if job else None
        if job is None or change is None or len(own) < len(study.retained):
            continue
        value = measure(CellFolder(job.model.parent).predictions(TEST), name)
        if value is not None:
            said[seed], learnt[seed] = own, value
            changes.append(change)
            folders.append(job.folder)
    if not said:
        return None
    values = {seed: [one.value for one in own] for seed, own in said.items()}
    means = {seed: float(np.mean(own)) for seed, own in values.items()}
    names = [task.task.name for task in study.retained]
    row = ForgettingRow(
        task=group.texts.task.name,
        base=group.base,
        contestant=group.contestant,
        size=group.size,
        rate=chosen_rate(study.plan, group),
        measure=name,
        learnt=spread(learnt.values()),
        retained={n: spread(own[place] for own in values.values()) for place, n in enumerate(names)},
        mean_retained=spread(means.values()),
        learnt_by_seed=learnt,
        retained_by_seed=means,
        effective_rank=spread(change["effective_rank"] for change in changes),
        full_rank=max(change["full_rank"] for change in changes),
        relative_frobenius=spread(change["relative_frobenius"] for change in changes),
        written=_written(study, folders),
    )
    return _Measured(row, said)


def _written(study: ForgettingStudy, folders: Sequence[Path]) -> dict[str, dict[str, Spread]]:
    """Measures of what decoders wrote, by task."""
    found: dict[str, dict[str, Spread]] = {}
    for task in study.retained:
        kept_texts = [texts for folder in folders if (texts := kept_written(folder, task)) is not None]
        measured = [about_written(task, texts) for texts in kept_texts]
        names = dict.fromkeys(name for own in measured for name in own)
        if names:
            own = {name: spread(values[name] for values in measured if name in values) for name in names}
            found[task.task.name] = own
    return found


def _gaps(measured: Sequence[_Measured], reference: str | None, *, n_draws: int) -> list[RetainedGap]:
    bootstrap = Bootstrap(n_draws=n_draws)
    found = []
    for one in measured:
        for other in measured:
            is_alike = all(getattr(one.row, k) == getattr(other.row, k) for k in ("task", "base", "size"))
            if is_alike and other.row.contestant == reference != one.row.contestant:
                found.append(_gap(one, other, bootstrap))
    return [gap for gap in found if gap is not None]


def _gap(one: _Measured, other: _Measured, bootstrap: Bootstrap) -> RetainedGap | None:
    seeds = [seed for seed in one.said if seed in other.said]
    if not seeds:
        return None
    first, second = one.row, other.row
    draws = np.mean([one.draws(seed, bootstrap) - other.draws(seed, bootstrap) for seed in seeds], axis=0)
    low, high = percentile_interval(draws) or (None, None)
    by_seed = {seed: first.retained_by_seed[seed] - second.retained_by_seed[seed] for seed in seeds}
    learnt = {seed: first.learnt_by_seed[seed] - second.learnt_by_seed[seed] for seed in seeds}
    value = float(np.mean(list(by_seed.values())))
    return RetainedGap(
        first.task, first.base, first.size, first.contestant, second.contestant, value, low, high, by_seed, learnt
    )
