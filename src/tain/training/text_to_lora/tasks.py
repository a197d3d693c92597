"""What is learnt from: the tokenised texts of each task and the vectors of its descriptions, drawn step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from tain.models import TokenIds
from tain.training.text_to_lora.settings import StepSettings


@dataclass(frozen=True)
class TaskRows:
    """A task of two answers.

    Attributes:
        name: For messages.
        rows: Token ids of each text, with special tokens.
        targets: 1 for yes, 0 for no, shape (n_texts,).
        descriptions: One vector for each description, shape (n_descriptions, d_task).
    """

    name: str
    rows: Sequence[TokenIds]
    targets: NDArray[np.int64]
    descriptions: torch.Tensor

    @cached_property
    def by_answer(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The indices of the texts of no, and of those of yes."""
        return np.flatnonzero(self.targets == 0), np.flatnonzero(self.targets == 1)


@dataclass(frozen=True)
class Draw:
    """What one step learns from.

    Attributes:
        tasks: Indices of its tasks, shape (n_tasks,).
        descriptions: One vector for each, shape (n_tasks, d_task).
    """

    tasks: torch.Tensor
    descriptions: torch.Tensor


def step_generator(seed: int, step: int) -> np.random.Generator:
    """What a step draws from: a resumed training draws as one that never stopped."""
    return np.random.default_rng((seed, step))


def draw_tasks(tasks: Sequence[TaskRows], settings: StepSettings, generator: np.random.Generator) -> Draw:
    """Different tasks, and one description of each.

    Args:
        tasks: All that may be drawn.
        settings: How many; all tasks come in their order.
        generator: Of the step.
    """
    n = min(settings.tasks_per_step or len(tasks), len(tasks))
    chosen = np.arange(n) if n == len(tasks) else generator.choice(len(tasks), n, replace=False)
    vectors = [tasks[i].descriptions[generator.integers(len(tasks[i].descriptions))] for i in chosen]
    return Draw(torch.from_numpy(chosen), torch.stack(vectors))


def draw_texts(task: TaskRows, n: int, generator: np.random.Generator) -> list[int]:
    """Indices of texts of a task, as many of either answer as can be, with one more no where n is odd."""
    no, yes = task.by_answer
    parts = (generator.choice(no, n - n // 2), generator.choice(yes, n // 2))
    return [int(i) for part in parts for i in part]
