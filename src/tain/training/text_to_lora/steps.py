"""The optimiser's steps, the same for both ways of training: clipped, scheduled, kept, and resumed to the bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from tain.core.errors import TrainingError
from tain.core.files import sweep
from tain.core.progress import Advance
from tain.methods.method import BETAS, trainable
from tain.training.checkpoint import TrainingState, checkpoints, load_checkpoint, save_checkpoint
from tain.training.schedule import warmup_cosine
from tain.training.text_to_lora.settings import StepSettings

LossOf = Callable[[int], torch.Tensor]
KEPT = 2


def run_steps(
    source: nn.Module,
    loss_of: LossOf,
    settings: StepSettings,
    *,
    seed: int,
    folder: Path | None,
    advance: Advance | None = None,
) -> list[float]:
    """Train what holds or writes adapters.

    Args:
        source: Its parameters are trained in place.
        loss_of: The loss of a step, which draws nothing but from a generator of that step or from torch.
        settings: How long and how fast.
        seed: Of torch's generator, which dropout draws from.
        folder: Of checkpoints; the newest is gone on from. None keeps none.
        advance: Told the number of steps done.

    Returns:
        The loss of every step, those before a resume included.

    Raises:
        TrainingError: If the loss is no number, or a checkpoint belongs to another training.
    """
    optimiser = torch.optim.AdamW(source.parameters(), lr=settings.lr, betas=BETAS, weight_decay=settings.weight_decay)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        state = _start(source, optimiser, folder)
        losses = state.method.get("losses", torch.zeros(0)).tolist()
        source.train()
        if advance and losses:
            advance(len(losses))
        for step in range(state.progress.step, settings.n_steps):
            losses.append(_step(source, optimiser, loss_of(step), settings, step))
            if advance:
                advance(1)
            is_due = (step + 1) % settings.checkpoint_every == 0 or step + 1 == settings.n_steps
            if folder is not None and is_due:
                state.progress.step, state.method = step + 1, {"losses": torch.tensor(losses, dtype=torch.float64)}
                save_checkpoint(folder, source, optimiser, state, keep=KEPT)
    source.eval()
    return losses


def _start(source: nn.Module, optimiser: torch.optim.Optimizer, folder: Path | None) -> TrainingState:
    if folder is None:
        return TrainingState()
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    kept = checkpoints(folder)
    return load_checkpoint(kept[-1], source, optimiser) if kept else TrainingState()


def _step(
    source: nn.Module, optimiser: torch.optim.Optimizer, loss: torch.Tensor, settings: StepSettings, step: int
) -> float:
    value = loss.item()
    if not math.isfinite(value):
        raise TrainingError(f"The loss of step {step} is {value}. Lower lr, which is {settings.lr}.")
    rate = settings.lr * warmup_cosine(step, n_steps=settings.n_steps, warmup_share=settings.warmup_share)
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(trainable(source).values(), settings.clip_norm)
    optimiser.step()
    return value
