"""Which cells a study has: the texts of every task laid out once, and a cell for every training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from tain.core.errors import ConfigError
from tain.core.example import LabelSet
from tain.core.files import read_json, sha256_of, write_json
from tain.recipes.studies.tuning.cell import TEST, TRAIN, Cell, CellFolder
from tain.recipes.studies.tuning.configuration import Tuning, TuningTask, Variant
from tain.recipes.studies.tuning.forecast import Work, work_of
from tain.recipes.studies.tuning.identity import base_identity, method_settings
from tain.recipes.studies.tuning.measures import measures_of
from tain.recipes.studies.tuning.teaching import taught_by, teaches
from tain.recipes.studies.tuning.texts import TaskTexts, read_task, write_part
from tain.recipes.studies.tuning.training import Job

CHARS_PER_TOKEN = 4
NOT_OF_THE_TEXTS = {"name", "file", "metric", "sizes", "sweep_size", "epochs", "training"}


@dataclass(frozen=True)
class LaidOut:
    """The texts of a task on disk, as cells read them.

    Attributes:
        task: Its settings.
        labels: The classes.
        data: All that decides which texts there are.
        folder: With `valid.parquet`, `test.parquet` and the training texts of each seed.
        counts: Texts of each part, and rows left out by reason.
        mean_chars: Of a training text, up to about the most tokens.
    """

    task: TuningTask
    labels: LabelSet
    data: dict[str, Any]
    folder: Path
    counts: dict[str, int]
    mean_chars: float

    @property
    def measures(self) -> tuple[str, ...]:
        """The task's own; the first one chooses."""
        return measures_of(self.task, self.labels)


@dataclass(frozen=True)
class Group:
    """What is compared: one task, backbone and number of training texts, with one contestant.

    Attributes:
        texts: Of the task.
        base: Backbone; empty for a classical model.
        contestant: Its name.
        variant: A method with its settings; None for a classical model.
        size: Training texts.
    """

    texts: LaidOut
    base: str
    contestant: str
    variant: Variant | None
    size: int

    @property
    def names(self) -> dict[str, set[str]]:
        """What `--only` may say to have it, by what it is the name of."""
        method = {self.variant.of.name} if self.variant else set()
        return {"task": {self.texts.task.name}, "base": {self.base} - {""}, "method": {self.contestant} | method}

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What tells it from the other groups of the study."""
        return self.texts.task.name, self.base, self.contestant, self.size


class Plan:
    """The groups of a study and their cells."""

    def __init__(self, study: Tuning, output: Path) -> None:
        """Read every task and lay its texts out.

        Args:
            study: Its settings.
            output: Its folder.

        Raises:
            ConfigError: If a column, part, label or number of texts is impossible.
            DataError: If a file cannot be used.
        """
        self.study, self.output = study, output
        self.methods = {variant.name: method_settings(variant.method) for variant in study.variants}
        self.chosen: dict[tuple[str, str, str, int], float] = {}
        """Learning rates that are chosen, by `Group.key`."""
        self.tasks = [lay_out(study, task, output / "texts") for task in study.tasks]

    def groups(self) -> Iterator[Group]:
        """What is compared, task by task."""
        for texts in self.tasks:
            for size in self.study.sizes_of(texts.task):
                for name in self.study.baselines:
                    yield Group(texts, "", name, None, size)
                for base in self.study.bases:
                    for variant in self.study.variants:
                        yield Group(texts, base, variant.name, variant, size)

    def sweep(self, group: Group) -> dict[float, Cell]:
        """The trainings that choose a group's learning rate, by rate; none for a classical model.

        Args:
            group: What is compared.
        """
        if group.variant is None:
            return {}
        own = self.sweeper(group)
        return {rate: self.cell(own, rate=rate, seed=self.study.seeds[0]) for rate in group.variant.of.learning_rates}

    def sweeper(self, group: Group) -> Group:
        """The group that sweeps for this one: itself, or the one of the task's or study's `sweep_size`."""
        size = self.study.sweep_size_of(group.texts.task)
        return group if size is None or group.variant is None else replace(group, size=size)

    def cell(self, group: Group, *, rate: float | None, seed: int) -> Cell:
        """A training of a group.

        Args:
            group: What is compared.
            rate: Learning rate; None for a classical model.
            seed: Of everything drawn.
        """
        task, variant = group.texts.task, group.variant
        training = None
        if variant is not None and rate is not None:
            training = self.study.training_of(task, variant, size=group.size, rate=rate)
        return Cell(
            task=task.name,
            data=group.texts.data,
            labels=group.texts.labels.names,
            base=group.base,
            weights=base_identity(group.base),
            pooling=self.study.pooling if variant else "",
            method=self.methods[variant.name] if variant else {"baseline": group.contestant},
            training=training,
            max_tokens=task.max_tokens if variant else 0,
            size=group.size,
            seed=seed,
            teacher=taught_by(self, group, seed=seed),
        )

    def folder(self, cell: Cell) -> CellFolder:
        """Where a cell lies."""
        cells = Path(self.study.cells).expanduser() if self.study.cells else self.output / "cells"
        return CellFolder(cells / cell.name)

    def job(self, group: Group, cell: Cell, *, is_tested: bool) -> Job:
        """What its process is told of a cell.

        Args:
            group: What is compared.
            cell: One of its trainings.
            is_tested: Whether the cell gets to know where the test texts lie.
        """
        texts = group.texts
        return Job(
            cell=cell,
            folder=self.folder(cell).path,
            train_file=texts.folder / f"train-seed-{cell.seed}.parquet",
            valid_file=texts.folder / "valid.parquet",
            test_file=texts.folder / "test.parquet" if is_tested else None,
            keep_model=self.study.keep_models,
            teaches=is_tested and teaches(self, group),
            teacher_file=self.folder(cell.teacher).path / TRAIN if cell.teacher else None,
        )

    def work(self, job: Job, group: Group, *, is_trained: bool = False) -> Work:
        """How much a cell has to read yet.

        Args:
            job: The cell.
            group: What it belongs to.
            is_trained: Whether it will be trained by then, even if it is not yet.
        """
        cell, texts = job.cell, group.texts
        n_trained, n_scored = 0.0, 0.0
        if job.is_to_train and not is_trained:
            n_trained = cell.size * (cell.training.n_epochs if cell.training else 1)
            n_scored = texts.counts["valid"] * (cell.training.n_evaluations + 1 if cell.training else 1)
        unscored = job.unscored
        n_scored += (texts.counts["test"] if TEST in unscored else 0) + (cell.size if TRAIN in unscored else 0)
        who = json.dumps([cell.base, cell.method], sort_keys=True)
        return work_of(who, n_trained=n_trained, n_scored=n_scored, mean_chars=texts.mean_chars)


def lay_out(study: Tuning, task: TuningTask, folder: Path) -> LaidOut:
    """Write the parts of a task once, under a name that follows from all that decides them.

    Args:
        study: For its seeds and sizes.
        task: What to read.
        folder: Of all texts of the study.
    """
    if not Path(task.file).expanduser().is_file():
        raise ConfigError(
            f"{task.name}: there is no file {task.file}. Check the path, which is taken from {Path.cwd()} where it "
            "does not begin with /."
        )
    data = task.model_dump(mode="json", exclude=NOT_OF_THE_TEXTS, exclude_defaults=True)
    data |= {"sha256": sha256_of(Path(task.file).expanduser()), "split_seed": study.split_seed}
    sizes = study.sizes_of(task)
    digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:12]
    own = folder / f"{digest}-n{max(sizes)}"
    about = own / "about.json"
    if not about.is_file() or any(not _train_file(own, seed).is_file() for seed in study.seeds):
        _write(read_task(task, split_seed=study.split_seed), own, sizes=sizes, seeds=study.seeds, most=task.max_tokens)
    known = read_json(about)
    return LaidOut(task, LabelSet(tuple(known["labels"])), data, own, known["counts"], known["mean_chars"])


def _write(texts: TaskTexts, folder: Path, *, sizes: Sequence[int], seeds: Sequence[int], most: int) -> None:
    subsets = {seed: [texts.subset(size, seed=seed) for size in sizes] for seed in seeds}  # every size is checked
    for seed, own in subsets.items():
        write_part(max(own, key=len), _train_file(folder, seed))
    write_part(texts.valid, folder / "valid.parquet")
    write_part(texts.test, folder / "test.parquet")
    longest = CHARS_PER_TOKEN * most
    joined = pl.col("text").str.len_chars() + pl.col("pair").fill_null("").str.len_chars()
    mean_chars = texts.train.select(joined.clip(1, longest).mean()).item()
    parts = {"train": texts.train, "valid": texts.valid, "test": texts.test}
    counts = {name: part.height for name, part in parts.items()} | dict(texts.counts)
    about = {"labels": list(texts.labels.names), "counts": counts, "mean_chars": mean_chars}
    write_json(folder / "about.json", about)


def _train_file(folder: Path, seed: int) -> Path:
    return folder / f"train-seed-{seed}.parquet"
