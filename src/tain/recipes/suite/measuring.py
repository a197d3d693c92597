"""How well adapters answer the questions of a suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from tain.evaluation.ranking import auroc
from tain.methods.text_to_lora import Factors, Hypernetwork
from tain.recipes.suite.subject import Subject
from tain.training.text_to_lora import AdaptedNetwork


@dataclass(frozen=True, slots=True)
class Answers:
    """How the test texts of a task were answered.

    Attributes:
        accuracy: Share answered rightly; half the texts are yes, half no.
        auroc: Chance that a text of yes gets a higher margin than one of no.
        n_texts: How many there are.
    """

    accuracy: float
    auroc: float
    n_texts: int

    def to_dict(self) -> dict[str, Any]:
        """A JSON value."""
        return asdict(self)


def measure(subject: Subject, network: AdaptedNetwork, task: str, factors: Factors | None) -> Answers:
    """How the network answers one task's test texts with an adapter.

    Args:
        subject: Has the texts.
        network: Of the subject.
        task: Name.
        factors: One adapter; None is the network without any.
    """
    test = subject.tests[task]
    margins = network.margins(test.rows, factors)
    right = (margins > 0) == (test.targets == 1)
    return Answers(float(right.mean()), auroc(margins, test.targets == 1), len(margins))


def written(hypernetwork: Hypernetwork, description: torch.Tensor) -> Factors:
    """The adapter for the vector of one description, of shape (d_task,)."""
    device = next(hypernetwork.parameters()).device
    with torch.no_grad():
        found: Factors = hypernetwork(None, description[None].to(device))
    return found


def measure_written(subject: Subject, network: AdaptedNetwork, hypernetwork: Hypernetwork) -> dict[str, Any]:
    """Each task answered by what is written for its descriptions, averaged over them.

    Of training tasks the descriptions that were held out are asked if there are any, else the others.

    Args:
        subject: Tasks and texts.
        network: Of the subject.
        hypernetwork: Trained.
    """
    found = {}
    for task in subject.suite.tasks:
        n_held = 0 if task.held_out else subject.suite.n_held_descriptions
        vectors = subject.descriptions[task.name][-n_held:] if n_held else subject.descriptions[task.name]
        each = [measure(subject, network, task.name, written(hypernetwork, vector)) for vector in vectors]
        found[task.name] = {"held_out": task.held_out, "n_descriptions": len(each), **mean_of(each)}
    return found


def mean_of(answers: list[Answers]) -> dict[str, float]:
    """The mean accuracy and AUROC of several adapters on the same texts."""
    names = ("accuracy", "auroc")
    return {name: float(np.mean([getattr(each, name) for each in answers])) for name in names}


def summary(tasks: Mapping[str, Mapping[str, Any]], *, held_out: bool) -> dict[str, float] | None:
    """The mean over training tasks, or over held-out ones; None where there are none."""
    own = [task for task in tasks.values() if task["held_out"] == held_out]
    if not own:
        return None
    return {name: float(np.mean([task[name] for task in own])) for name in ("accuracy", "auroc")}
