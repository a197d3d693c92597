"""Forgetting: a study of tuning, and after it what every network that it tested can still do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tain.core.errors import ConfigError
from tain.core.files import read_json, write_json
from tain.core.progress import progress
from tain.recipes.studies.forgetting.configuration import Forgetting
from tain.recipes.studies.forgetting.measuring import MeasureJob, measure_job
from tain.recipes.studies.forgetting.texts import read_retained
from tain.recipes.studies.tuning.cell import MODEL
from tain.recipes.studies.tuning.choice import chosen_rate
from tain.recipes.studies.tuning.plan import Group, Plan
from tain.recipes.studies.tuning.process import run_apart
from tain.recipes.studies.tuning.study import TuningStudy

SETTINGS = "study.json"
RETAINED = "retained"


class ForgettingStudy:
    """Trains, then measures; each training and each measurement in a process of its own."""

    def __init__(
        self,
        study: Forgetting,
        output: Path,
        *,
        only: Sequence[str] = (),
        is_quiet: bool = False,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Open the folder of a study, new or begun, and read every text.

        Args:
            study: Its settings.
            output: Its folder; what is finished there is kept.
            only: Names of tasks, methods or backbones that are learnt; None takes all.
            is_quiet: No progress bars.
            tell: Told each training that is done.

        Raises:
            ConfigError: If a setting is impossible, a name unknown, or the folder holds another study.
            DataError: If a task cannot be read.
        """
        self.study, self.output, self.is_quiet = study, output, is_quiet
        self.retained = tuple(read_retained(task, split_seed=study.learn.split_seed) for task in study.retain)
        _require_own(output)
        write_json(output / SETTINGS, study.model_dump(mode="json"))
        self.tuning = TuningStudy(study.learn, output / "learnt", only=only, is_quiet=is_quiet, tell=tell)

    @property
    def plan(self) -> Plan:
        """What is learnt."""
        return self.tuning.plan

    @property
    def n_left(self) -> int:
        """Trainings, tests and measurements that are to come."""
        return self.tuning.n_left + len(self._pending())

    @property
    def is_cut_short(self) -> bool:
        """Whether something of what was asked for is to come."""
        return self.tuning.is_cut_short or bool(self._pending())

    def run(self, *, limit_minutes: float | None = None) -> None:
        """Run what is missing.

        Args:
            limit_minutes: No training is begun that would end later; what was trained is measured all the same.
        """
        self.tuning.run(limit_minutes=limit_minutes)
        jobs = self._pending()
        with progress("measuring", len(jobs), unit="networks", is_quiet=self.is_quiet) as advance:
            for job in jobs:
                run_apart(measure_job, job, name=f"measuring {job.base or job.model.parent.name}")
                advance(1)

    def _pending(self) -> list[MeasureJob]:
        return [job for job in self.jobs() if not job.is_done]

    def jobs(self) -> Iterator[MeasureJob]:
        """Every network there is to measure, backbones first."""
        for base in self.study.learn.bases:
            yield self.job_of_base(base)
        for group in self.plan.groups():
            for seed in self.study.learn.seeds:
                job = self.job_of(group, seed)
                if job is not None and job.model.is_dir():
                    yield job

    def job_of_base(self, base: str) -> MeasureJob:
        """The measurement of a backbone as it comes.

        Args:
            base: One of the study's.
        """
        folder = self.output / "bases" / "".join(sign if sign.isalnum() else "-" for sign in base)
        return MeasureJob(base, self.study.learn.pooling, folder, folder, self.retained)

    def job_of(self, group: Group, seed: int) -> MeasureJob | None:
        """The measurement of a tested network; None where no learning rate is chosen yet.

        Args:
            group: What is compared.
            seed: Of the training.
        """
        rate = chosen_rate(self.plan, group)
        if rate is None:
            return None
        cell = self.plan.folder(self.plan.cell(group, rate=rate, seed=seed)).path
        return MeasureJob(None, self.study.learn.pooling, cell / MODEL, cell / RETAINED, self.retained)


def _require_own(output: Path) -> None:
    file = output / SETTINGS
    if file.is_file() and (kind := read_json(file).get("study")) != "forgetting":
        raise ConfigError(f"{output} holds a study of another kind ({kind}). Use another --output.")
