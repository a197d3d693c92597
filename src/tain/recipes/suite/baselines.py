"""What a network that writes adapters is held against: adapters that need no such network."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from tain.methods.text_to_lora import AdapterBank, Factors
from tain.recipes.suite.subject import Subject
from tain.training.text_to_lora import AdaptedNetwork, train_supervised


def nearest_task(subject: Subject, description: torch.Tensor) -> int:
    """The index of the training task that has the description most like this one, by cosine.

    Args:
        subject: Its training tasks, with the descriptions that are known in training.
        description: Vector, shape (d_task,).
    """
    cosines = [nn.functional.cosine_similarity(description[None], task.descriptions) for task in subject.train]
    return int(torch.stack([each.max() for each in cosines]).argmax())


def trained_shared(
    subject: Subject, network: AdaptedNetwork, *, seed: int, folder: Path | None = None
) -> tuple[Factors, list[float]]:
    """One LoRA for all training tasks, trained as the network that writes adapters is: same draws, same steps.

    Args:
        subject: What is learnt from.
        network: Of the subject.
        seed: Of its start and of what is drawn.
        folder: Of checkpoints.

    Returns:
        The adapter, and the loss of every step. The learning rate is that of the oracles, which are LoRA too.
    """
    suite = subject.suite
    bank = AdapterBank(
        subject.places, suite.hypernetwork.rank, n_tasks=len(subject.train), seed=seed, is_shared=True
    ).to(network.device)
    settings = suite.supervised.model_copy(update={"lr": suite.oracles.lr})
    losses = train_supervised(network, bank, subject.train, settings, seed=seed, folder=folder)
    with torch.no_grad():
        return bank(torch.zeros(1, dtype=torch.int64, device=network.device)), losses
