"""Tuning: sweep the learning rate of every contestant on validation texts, then run the seeds at the best one.

The sweep runs with the first seed and never sees a test text. A cell that is done is never run again: its folder is
named by its settings, so that any change of a study finds what it has in common with what was done before.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tain.core.errors import ConfigError
from tain.core.files import read_json, write_json
from tain.core.progress import Advance, progress
from tain.recipes.studies.tuning.cell import MODEL, VALID, Cell, CellFolder
from tain.recipes.studies.tuning.choice import chosen_rate
from tain.recipes.studies.tuning.configuration import Tuning
from tain.recipes.studies.tuning.forecast import Work, forecast_s, told
from tain.recipes.studies.tuning.measures import measure
from tain.recipes.studies.tuning.plan import Group, Plan
from tain.recipes.studies.tuning.process import run_apart
from tain.recipes.studies.tuning.teaching import is_barred, with_teachers
from tain.recipes.studies.tuning.training import Job, run_job

SETTINGS = "study.json"
Tell = Callable[[str], None]


class TuningStudy:
    """The cells of a study, run in turn, each in a process of its own."""

    def __init__(
        self,
        study: Tuning,
        output: Path,
        *,
        only: Sequence[str] = (),
        is_quiet: bool = False,
        tell: Tell = lambda line: None,
    ) -> None:
        """Open the folder of a study, new or begun, and lay out its texts.

        Args:
            study: Its settings.
            output: Its folder; what is finished there is kept.
            only: Names of tasks, methods, contestants or backbones; others are left for later, but for their teachers.
                None takes all.
            is_quiet: No progress bar.
            tell: Told each cell that is done and how long the rest will take.

        Raises:
            ConfigError: If a setting is impossible or a name unknown.
            DataError: If a task cannot be read.
        """
        _require_known(study)
        self.study, self.output, self.is_quiet, self.tell = study, output, is_quiet, tell
        self.plan = Plan(study, output)
        every = list(self.plan.groups())
        self.groups = with_teachers(self.plan, wanted(every, only))
        self.every_group = with_teachers(self.plan, every)
        _require_own(output)
        write_json(output / SETTINGS, study.model_dump(mode="json"))
        self.measured: list[tuple[Work, float]] = []

    def run(self, *, limit_minutes: float | None = None) -> None:
        """Run what is missing.

        Args:
            limit_minutes: No cell is begun that would end later, as far as is known; None knows no limit.
        """
        started = time.monotonic()
        with progress("cells", len(self._pending(self.groups)), unit="cells", is_quiet=self.is_quiet) as advance:
            for group in self.groups:
                for job in self._jobs(group):
                    if limit_minutes is not None and self._is_late(job, group, started, 60 * limit_minutes):
                        self.tell(f"Stopped at the limit of {limit_minutes:g} minutes: {self._rest()}.")
                        return
                    self._run(job, group, advance)

    def _jobs(self, group: Group) -> Iterator[Job]:
        """What is missing of a group, in order; the test comes once the sweep has chosen."""
        seeds = self._seeds(group)
        for job in self._sweep(group) if seeds else ():
            if _is_missing(job):
                yield job
        best = chosen_rate(self.plan, group)
        if best is None and group.variant is not None:
            return  # all of them diverged
        self._drop_models(group, best)
        for seed in seeds:
            job = self._job(group, best, seed, is_tested=True)
            if _is_missing(job):
                yield job

    def _sweep(self, group: Group) -> list[Job]:
        own = self.plan.sweeper(group)
        return [self.plan.job(own, cell, is_tested=False) for cell in self.plan.sweep(group).values()]

    def _seeds(self, group: Group) -> list[int]:
        """The seeds to run: not those whose teacher diverged, which leaves nothing to learn from."""
        return [seed for seed in self.study.seeds if not is_barred(self.plan, group, seed=seed)]

    def _job(self, group: Group, rate: float | None, seed: int, *, is_tested: bool) -> Job:
        return self.plan.job(group, self.plan.cell(group, rate=rate, seed=seed), is_tested=is_tested)

    def _run(self, job: Job, group: Group, advance: Advance) -> None:
        work = self.plan.work(job, group)
        if not self.measured:
            self.tell(f"{self._rest()}.")
        began = time.perf_counter()
        run_apart(run_job, job, name=job.cell.name)
        self.measured.append((work, time.perf_counter() - began))
        advance(1)
        self.tell(f"{_line(job, group)}; {self._rest()}")

    @property
    def n_left(self) -> int:
        """Steps of the whole study (a training, or the test of a trained model) that are to come."""
        return len(self._pending(self.every_group))

    @property
    def is_cut_short(self) -> bool:
        """Whether a step of what was asked for is to come."""
        return bool(self._pending(self.groups))

    def _pending(self, groups: Sequence[Group]) -> list[Work]:
        """Every step that is to come; which rate will be chosen does not matter to how many there are."""
        found: list[Work] = []
        sweeps: dict[Path, Work] = {}
        for group in groups:
            seeds = self._seeds(group)
            missing = [job for job in self._sweep(group) if seeds and _is_missing(job)]
            sweeps |= {job.folder: self.plan.work(job, self.plan.sweeper(group)) for job in missing}
            best = next(iter(self.plan.sweep(group))) if missing else chosen_rate(self.plan, group)
            if best is None and group.variant is not None:
                continue
            for seed in seeds:
                job = self._job(group, best, seed, is_tested=True)
                # Where the sweep is to come, a training that belongs to it is counted there and only the test is added.
                if missing or _is_missing(job):
                    found.append(self.plan.work(job, group, is_trained=job.folder in sweeps))
        return [*sweeps.values(), *found]

    def _rest(self) -> str:
        pending = self._pending(self.groups)
        if not pending:
            return "that was the last"
        seconds = forecast_s(pending, self.measured)
        span = f"about {told(seconds)}" if seconds is not None else "time is told after the first"
        return f"{len(pending):,} to go, {span}"

    def _is_late(self, job: Job, group: Group, started: float, limit_s: float) -> bool:
        passed = time.monotonic() - started
        expected = forecast_s([self.plan.work(job, group)], self.measured) or 0.0
        return bool(self.measured) and passed + expected > limit_s

    def _drop_models(self, group: Group, best: float | None) -> None:
        """Models of rates that were not chosen answer nothing and take room."""
        for rate, cell in self.plan.sweep(group).items():
            if rate != best:
                shutil.rmtree(self.plan.folder(cell).path / MODEL, ignore_errors=True)


def _is_missing(job: Job) -> bool:
    return not job.is_done


def _line(job: Job, group: Group) -> str:
    cell: Cell = job.cell
    folder = CellFolder(job.folder)
    rate = f", lr {cell.training.lr:g}" if cell.training else ""
    what = f"{cell.task}, {group.contestant}, {cell.size:,} texts{rate}, seed {cell.seed}"
    if folder.has_diverged:
        return f"{what}: diverged"
    name = group.texts.measures[0]
    value = measure(folder.predictions(VALID), name)
    number = "undefined" if value is None else f"{value:.3f}"
    return f"{what}: {'tested' if job.test_file else 'swept'}, validation {name} {number}"


def _require_own(output: Path) -> None:
    file = output / SETTINGS
    if file.is_file() and (kind := read_json(file).get("study")) != "tuning":
        raise ConfigError(f"{output} holds a study of another kind ({kind}). Use another --output.")


def _require_known(study: Tuning) -> None:
    """Names of methods and baselines, and the settings of methods, before a file is read."""
    from tain.evaluation.baselines import baseline_names
    from tain.methods import build_method

    for variant in study.variants:
        build_method(variant.method)
    if sets := [name for name in study.baselines if baseline_names([name]) != [name]]:
        raise ConfigError(f"baselines holds {sets[0]!r}, which is a set; name its members: {baseline_names(sets)}.")


def wanted(groups: Sequence[Group], only: Sequence[str]) -> list[Group]:
    """The groups that bear the names: one of the tasks named, one of the methods named, and one of the backbones named.

    Args:
        groups: All there are.
        only: Names; none takes all.

    Raises:
        ConfigError: If nothing has one of the names.
    """
    known = {name for group in groups for names in group.names.values() for name in names}
    if strange := sorted(set(only) - known):
        raise ConfigError(f"--only {strange[0]}: nothing in the study has this name. Expected some of {sorted(known)}.")
    kinds = groups[0].names
    asked = {kind: {name for group in groups for name in group.names[kind] if name in only} for kind in kinds}
    return [g for g in groups if all(not names or names & g.names[kind] for kind, names in asked.items())]
