"""`tain suite`: from tasks and their descriptions to a network that writes adapters."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from tain.core.errors import ConfigError
from tain.core.files import read_json, refuse_overwrite, sweep, write_json
from tain.core.progress import progress
from tain.methods.text_to_lora import AdapterBank, Factors, Hypernetwork, n_parameters
from tain.recipes.suite.configuration import Suite, read_suite
from tain.recipes.suite.factors_file import load_factors, save_factors
from tain.recipes.suite.folder import Writer, save_writer
from tain.recipes.suite.measuring import measure_written, summary
from tain.recipes.suite.subject import Subject, head_tensors, load_subject
from tain.training.text_to_lora import AdaptedNetwork, TaskRows, train_reconstruction, train_supervised

MODEL, ORACLES, CHECKPOINTS, SETTINGS = "model", "oracles.safetensors", "checkpoints", "suite.json"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    """A suite that was trained.

    Attributes:
        folder: Of the network that writes adapters.
        outcome: What was measured.
    """

    folder: Path
    outcome: dict[str, Any]


def train_suite(
    file: Path,
    output: Path,
    *,
    is_resumed: bool = False,
    force: bool = False,
    is_quiet: bool = False,
    tell: Tell = lambda line: None,
) -> Trained:
    """Train the network that writes adapters on a suite of tasks, and measure it on all of them.

    Args:
        file: TOML of the suite.
        output: Gets `model/`, and until it is done checkpoints and trained adapters.
        is_resumed: Go on from what an interrupted training of the same suite left.
        force: Begin anew where something stands.
        is_quiet: No progress bars.
        tell: Told what is going on.

    Raises:
        ConfigError: If a setting is impossible, the output exists, or another suite is resumed.
        DataError: If texts cannot be read.
        TrainingError: If the training diverges.
    """
    suite = read_suite(file)
    _open(suite, output, is_resumed=is_resumed, force=force)
    if is_resumed and (output / MODEL).is_dir():
        tell(f"{output / MODEL} is finished already.")
        return Trained(output / MODEL, read_json(output / MODEL / "hypernetwork.json")["outcome"])
    subject = load_subject(suite)
    tell(f"{len(subject.train)} tasks to learn from, {len(subject.held)} held out.")
    network, losses = train_hypernetwork(subject, suite, output, is_quiet=is_quiet)
    tasks = measure_written(subject, subject.network(suite.supervised), network)
    outcome = {
        "n_parameters": n_parameters(suite.hypernetwork, subject.places, d_task=network.d_task),
        "n_parameters_of_an_adapter": sum(p.n_parameters(suite.hypernetwork.rank) for p in subject.places),
        "loss": sum(losses[-10:]) / len(losses[-10:]),
        "trained_tasks": summary(tasks, held_out=False),
        "held_out_tasks": summary(tasks, held_out=True),
        "tasks": tasks,
    }
    save_writer(Writer(suite, network, subject.places, head_tensors(subject.backbone), outcome), output / MODEL)
    return Trained(output / MODEL, outcome)


def train_hypernetwork(
    subject: Subject,
    suite: Suite,
    folder: Path,
    *,
    network: AdaptedNetwork | None = None,
    is_quiet: bool = True,
) -> tuple[Hypernetwork, list[float]]:
    """The network that writes adapters, and the loss of every step; checkpoints are kept and gone on from.

    Args:
        subject: What is learnt from.
        suite: Settings, which may differ from the subject's in what is trained and with which seed.
        folder: Of checkpoints and trained adapters.
        network: Of the subject, for training on texts; None makes one.
        is_quiet: No progress bars.
    """
    writer = Hypernetwork(suite.hypernetwork, subject.places, d_task=_d_task(subject), seed=suite.seed)
    writer.to(next(subject.backbone.model.parameters()).device)
    checkpoints = folder / CHECKPOINTS
    if suite.learn_from == "adapters":
        oracles = trained_oracles(subject, subject.train, folder, is_quiet=is_quiet)
        settings = suite.reconstruction
        with progress("Reconstruction", settings.n_steps, unit="steps", is_quiet=is_quiet) as advance:
            losses = train_reconstruction(
                writer, oracles, subject.train, settings, seed=suite.seed, folder=checkpoints, advance=advance
            )
        return writer, losses
    adapted = network or subject.network(suite.supervised)
    with progress("Training", suite.supervised.n_steps, unit="steps", is_quiet=is_quiet) as advance:
        losses = train_supervised(
            adapted, writer, subject.train, suite.supervised, seed=suite.seed, folder=checkpoints, advance=advance
        )
    return writer, losses


def trained_oracles(subject: Subject, tasks: list[TaskRows], folder: Path, *, is_quiet: bool = True) -> Factors:
    """One adapter for each task, trained on it alone, all from one start; those that the folder holds are loaded.

    Args:
        subject: What is learnt from.
        tasks: Always the same for a folder.
        folder: Gets `oracles.safetensors`.
        is_quiet: No progress bars.
    """
    suite = subject.suite
    device = next(subject.backbone.model.parameters()).device
    if not (folder / ORACLES).is_file():
        bank = AdapterBank(subject.places, suite.hypernetwork.rank, n_tasks=len(tasks), seed=suite.seed).to(device)
        adapted = subject.network(suite.oracles)
        with progress("Adapters", suite.oracles.n_steps, unit="steps", is_quiet=is_quiet) as advance:
            train_supervised(
                adapted, bank, tasks, suite.oracles, seed=suite.seed, folder=folder / "oracles", advance=advance
            )
        with torch.no_grad():
            factors = bank(torch.arange(len(tasks), device=device))
        save_factors(factors, folder / ORACLES)
    return load_factors(folder / ORACLES, device=device)


def _d_task(subject: Subject) -> int:
    return subject.train[0].descriptions.shape[1]


def _open(suite: Suite, output: Path, *, is_resumed: bool, force: bool) -> None:
    value = json.dumps(suite.model_dump(mode="json"), sort_keys=True)
    identity = {"suite": suite.model_dump(mode="json"), "sha256": sha256(value.encode()).hexdigest()}
    if is_resumed and (output / SETTINGS).is_file():
        if read_json(output / SETTINGS).get("sha256") != identity["sha256"]:
            raise ConfigError(
                f"{output} holds the training of another suite. Resume with the file it was begun with, or choose "
                "another --output."
            )
        sweep(output)
        return
    refuse_overwrite(output, force=force)
    _clear(output)
    write_json(output / SETTINGS, identity)


def _clear(output: Path) -> None:
    """Remove what an earlier training left; files that are not ours stay."""
    for name in (MODEL, CHECKPOINTS, "oracles"):
        shutil.rmtree(output / name, ignore_errors=True)
    for name in (ORACLES, SETTINGS):
        (output / name).unlink(missing_ok=True)
