"""Training on the texts of many tasks: of a network that writes adapters, or of adapters themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from tain.core.errors import DataError
from tain.core.progress import Advance
from tain.methods.text_to_lora.factors import mean_square
from tain.training.text_to_lora.network import AdaptedNetwork
from tain.training.text_to_lora.settings import SupervisedSettings
from tain.training.text_to_lora.steps import run_steps
from tain.training.text_to_lora.tasks import TaskRows, draw_tasks, draw_texts, step_generator


def train_supervised(
    network: AdaptedNetwork,
    source: nn.Module,
    tasks: Sequence[TaskRows],
    settings: SupervisedSettings,
    *,
    seed: int,
    folder: Path | None = None,
    advance: Advance | None = None,
) -> list[float]:
    """Train by the answers to texts. In a step each task gets its own adapter, all in one pass of the network.

    Args:
        network: Frozen, head included.
        source: A Hypernetwork, or an AdapterBank over the same tasks in the same order.
        tasks: What is learnt from.
        settings: How.
        seed: Of what is drawn.
        folder: Of checkpoints; None keeps none.
        advance: Told the number of steps done.

    Returns:
        The loss of every step, in nats, penalty included.

    Raises:
        DataError: If a task lacks texts of an answer.
        TrainingError: If it diverges or cannot resume.

    Source:
        Charakorn et al. 2025, arXiv:2506.06105. Differs: texts are drawn in equal numbers of both answers.
    """
    for task in tasks:
        if not all(map(len, task.by_answer)):
            raise DataError(f"The task {task.name} has no text of one of its answers. Give texts of both.")

    def loss_of(step: int) -> torch.Tensor:
        generator = step_generator(seed, step)
        drawn = draw_tasks(tasks, settings, generator)
        factors = source(drawn.tasks.to(network.device), drawn.descriptions.to(network.device))
        chosen = [draw_texts(tasks[i], settings.texts_per_task, generator) for i in drawn.tasks.tolist()]
        pairs = [(tasks[i], row) for i, rows in zip(drawn.tasks.tolist(), chosen, strict=True) for row in rows]
        places = torch.arange(len(drawn.tasks), device=network.device).repeat_interleave(settings.texts_per_task)
        logits = network([task.rows[row] for task, row in pairs], factors, places)
        targets = torch.tensor([int(task.targets[row]) for task, row in pairs], device=network.device)
        loss = nn.functional.cross_entropy(logits, targets, label_smoothing=settings.label_smoothing)
        return loss + settings.penalty * mean_square(factors)

    return run_steps(source, loss_of, settings, seed=seed, folder=folder, advance=advance)
