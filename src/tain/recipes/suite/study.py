"""The study of a suite: networks of every form against the baselines, cell by cell; a cell that is done stays."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import torch

from tain.core.errors import ConfigError
from tain.core.files import read_json, write_json
from tain.methods.text_to_lora import Factors, Hypernetwork, n_parameters
from tain.methods.text_to_lora.factors import mean_factors, take
from tain.recipes.mine.embedding import BackboneEmbedder
from tain.recipes.suite.baselines import nearest_task, trained_shared
from tain.recipes.suite.configuration import Suite
from tain.recipes.suite.factors_file import save_factors
from tain.recipes.suite.measuring import Answers, measure, written
from tain.recipes.suite.subject import Subject, embed, load_subject
from tain.recipes.suite.train import ORACLES, train_hypernetwork, trained_oracles
from tain.training.text_to_lora import AdaptedNetwork

Form = Literal["L", "M", "S"]
Row = dict[str, Any]
N_DESCRIPTIONS = 4
"""Wordings that each held-out task is asked in; a trained one is asked in the first that was held out."""


@dataclass(frozen=True)
class Cell:
    """One thing to train and measure.

    Attributes:
        arm: `base`, `oracle`, `mean`, `nearest`, `shared`, `reconstruction` or `supervised`.
        seed: Of its training.
        form: Of a network that writes adapters.
    """

    arm: str
    seed: int = 0
    form: Form | None = None

    @property
    def name(self) -> str:
        """Of its file."""
        return "-".join(filter(None, (self.arm, self.form, str(self.seed))))


def plan(seeds: Sequence[int], forms: Sequence[Form]) -> list[Cell]:
    """All cells, in an order in which every beginning makes a table: the first seed, and the first form, come first.

    Args:
        seeds: Repetitions of everything that is drawn.
        forms: Of the networks. The first is trained with every seed, the others by reconstruction with every seed and
            on texts, which costs more, with the first.
    """
    cells = [Cell("oracle"), Cell("base"), Cell("mean"), Cell("nearest")]
    cells += [Cell("reconstruction", seeds[0], forms[0])]
    cells += [Cell("supervised", seeds[0], forms[0]), Cell("shared", seeds[0])]
    cells += [Cell("reconstruction", seeds[0], form) for form in forms[1:]]
    for seed in seeds[1:]:
        cells += [Cell("supervised", seed, forms[0]), Cell("shared", seed)]
    cells += [Cell("supervised", seeds[0], form) for form in forms[1:]]
    return cells + [Cell("reconstruction", seed, form) for seed in seeds[1:] for form in forms]


class Study:
    """Runs the cells that are missing in a folder."""

    def __init__(self, suite: Suite, folder: Path, *, tell: Callable[[str], None] = lambda line: None) -> None:
        """Load what all cells share.

        Args:
            suite: Tasks and settings.
            folder: Gets `cells/`, and `work/` for what is being trained.
            tell: Told each cell that is done.
        """
        self.suite, self.folder, self.tell = suite, folder, tell
        self.subject: Subject = load_subject(suite)
        self.network: AdaptedNetwork = self.subject.network(suite.supervised)
        names = suite.random_descriptions
        self.random = embed(BackboneEmbedder(suite.encoder), names) if names else torch.zeros(0, 1)

    def run(self, cells: Iterable[Cell]) -> None:
        """Train and measure what is not there yet.

        Args:
            cells: In the order in which they are run.

        Raises:
            ConfigError: If a cell that is there was made with other settings.
        """
        for cell in cells:
            file = self.folder / "cells" / f"{cell.name}.json"
            if file.is_file():
                self._require_same(cell, file)
            else:
                start = time.monotonic()
                known = {"arm": cell.arm, "form": cell.form, "seed": cell.seed, "settings": self._settings(cell)}
                write_json(file, {**known, **self._value(cell)})
                shutil.rmtree(self._work(cell), ignore_errors=True)
                self.tell(f"{cell.name}: {time.monotonic() - start:,.0f} s")

    def oracles(self) -> Factors:
        """One adapter for every task, the training tasks first, then those held out."""
        return trained_oracles(self.subject, [*self.subject.train, *self.subject.held], self.folder)

    def _settings(self, cell: Cell) -> str:
        """A hash of all that the outcome of a cell hangs on."""
        trainings = {"supervised": {"supervised"}, "shared": {"supervised", "oracles"}, "base": set[str]()}
        named = trainings.get(cell.arm, {"oracles"} | ({"reconstruction"} if cell.form else set()))
        others = {"name", "learn_from", "supervised", "oracles", "reconstruction"} - named
        return sha256(self.suite.model_dump_json(exclude=others).encode()).hexdigest()

    def _require_same(self, cell: Cell, file: Path) -> None:
        if read_json(file).get("settings") != self._settings(cell):
            raise ConfigError(f"{file} was made with other settings. Choose another --output, or remove the file.")

    def _value(self, cell: Cell) -> dict[str, Any]:
        if cell.form is not None:
            return self._of_network(cell)
        if cell.arm == "shared":
            factors, losses = trained_shared(self.subject, self.network, seed=cell.seed, folder=self._work(cell))
            return {"loss": _last(losses), "rows": [*self._held(factors), *self._trained(factors)]}
        return {"rows": list(self._of_baseline(cell.arm))}

    def _of_baseline(self, arm: str) -> Iterator[Row]:
        if arm == "base":
            yield from self._held(None)
            return
        oracles, n = self.oracles(), len(self.subject.train)
        if arm == "oracle":
            for index, task in enumerate([*self.subject.train, *self.subject.held]):
                yield self._row(task.name, index >= n, None, _one(oracles, index))
        elif arm == "mean":
            yield from self._held(mean_factors({name: (a[:n], b[:n]) for name, (a, b) in oracles.items()}))
        else:
            for name, number, vector in self._questions():
                index = nearest_task(self.subject, vector)
                row = self._row(name, True, number, _one(oracles, index))
                yield {**row, "nearest": self.subject.train[index].name}

    def _of_network(self, cell: Cell) -> dict[str, Any]:
        suite = self.suite.model_copy(
            update={
                "seed": cell.seed,
                "learn_from": "adapters" if cell.arm == "reconstruction" else "texts",
                "hypernetwork": self.suite.hypernetwork.model_copy(update={"form": cell.form}),
            }
        )
        self._give_oracles(cell)
        network, losses = train_hypernetwork(self.subject, suite, self._work(cell), network=self.network)
        rows = [*self._asked(network), *self._asked_trained(network)]
        if cell.arm == "reconstruction":
            rows += [{**row, "is_known": True} for row in self._asked_trained(network, is_known=True)]
        else:
            rows += self._asked_at_random(network)
        size = n_parameters(suite.hypernetwork, self.subject.places, d_task=network.d_task)
        return {"loss": _last(losses), "n_parameters": size, "n_steps": len(losses), "rows": rows}

    def _give_oracles(self, cell: Cell) -> None:
        """Reconstruction learns the training tasks' adapters, which stand first among those of the study."""
        if cell.arm == "reconstruction":
            n = len(self.subject.train)
            own = {name: (a[:n], b[:n]) for name, (a, b) in self.oracles().items()}
            save_factors(own, self._work(cell) / ORACLES)

    def _asked(self, network: Hypernetwork) -> Iterator[Row]:
        for name, number, vector in self._questions():
            yield self._row(name, True, number, written(network, vector))

    def _asked_at_random(self, network: Hypernetwork) -> Iterator[Row]:
        for number, vector in enumerate(self.random):
            factors = written(network, vector)
            for row in self._held(factors):
                yield {**row, "description": number, "is_random": True}

    def _asked_trained(self, network: Hypernetwork, *, is_known: bool = False) -> Iterator[Row]:
        for task in self.subject.train:
            vectors, n_known = self.subject.descriptions[task.name], len(task.descriptions)
            number = 0 if is_known or n_known == len(vectors) else n_known  # else the first that was held out
            yield self._row(task.name, False, number, written(network, vectors[number]))

    def _questions(self) -> Iterator[tuple[str, int, torch.Tensor]]:
        for task in self.subject.held:
            for number, vector in enumerate(task.descriptions[:N_DESCRIPTIONS]):
                yield task.name, number, vector

    def _held(self, factors: Factors | None) -> list[Row]:
        return [self._row(task.name, True, None, factors) for task in self.subject.held]

    def _trained(self, factors: Factors | None) -> list[Row]:
        return [self._row(task.name, False, None, factors) for task in self.subject.train]

    def _row(self, task: str, is_held_out: bool, description: int | None, factors: Factors | None) -> Row:
        found: Answers = measure(self.subject, self.network, task, factors)
        return {"task": task, "held_out": is_held_out, "description": description, **found.to_dict()}

    def _work(self, cell: Cell) -> Path:
        return self.folder / "work" / cell.name


def read_cells(folder: Path) -> list[dict[str, Any]]:
    """The cells that are done, by name."""
    return [read_json(file) for file in sorted((folder / "cells").glob("*.json"))]


def _one(factors: Factors, index: int) -> Factors:
    return take(factors, torch.tensor([index]))


def _last(losses: Sequence[float]) -> float:
    recent = losses[-20:]
    return sum(recent) / len(recent)
