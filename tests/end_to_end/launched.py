"""What each process of test_several_processes.py does under torchrun: FOLDER, where the base and the texts lie."""

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tain.core.errors import TrainingError
from tain.recipes.configuration import read_config
from tain.recipes.train import train
from tain.training import processes as processes_module
from tain.training.engine import Engine
from tain.training.processes import Processes, join

METHODS = {
    "lora": {"kind": "lora"},
    "head-only": {"kind": "head_only"},
    "adalora": {"kind": "adalora"},
    "galore": {"kind": "galore"},
    "prompt-tuning": {"kind": "prompt_tuning"},
}


def settings(folder: Path, method: dict, **training):
    flags = {
        "base": str(folder / "base"),
        "corpus.train": [str(folder / "texts.jsonl")],
        "corpus.min_words": 5,
        "corpus.cut_low": 10,
        "corpus.cut_high": 25,
        "training.n_epochs": 1,
        "training.batch_tokens": 256,
        "training.n_evaluations": 2,
        "training.average_from": 0.5,
        "training.accumulate": 2,
        "training.threads": 1,
        "training.dtype": "float32",
        **{f"training.{name}": value for name, value in training.items()},
        **{f"method.{name}": value for name, value in method.items()},
    }
    return read_config(None, flags=flags)


def be_slow_to_start(seconds: float) -> None:
    """The main process has long written its first checkpoint when this one looks whether there is any."""
    start = Engine._start

    def slow(engine: Engine):
        time.sleep(seconds)
        return start(engine)

    Engine._start = slow


def train_all(folder: Path, output: Path) -> None:
    os.environ["TAIN_CACHE"] = str(folder / "cache")
    for name, method in METHODS.items():
        train(settings(folder, method), output / name, is_quiet=True)


def check_sums(team: Processes) -> None:
    mine = torch.tensor([1.0, 10.0]) * (team.rank + 1)
    assert team.sum(mine).tolist() == [3.0, 30.0] and mine[0] == team.rank + 1
    rows = np.arange(7)
    assert team.share(rows).tolist() == ([0, 2, 4, 6] if team.is_main else [1, 3, 5])


def check_gradients(team: Processes) -> None:
    processes_module.BUCKET = 5  # the first two make one bucket, the third is larger than any
    parameters = [nn.Parameter(torch.ones(size)) for size in (2, 3, 8)]
    parameters[0].grad = torch.full((2,), team.rank + 1.0)
    if team.is_main:
        parameters[2].grad = torch.arange(8.0)  # the other had no text for it
    team.add_up_gradients(parameters)
    assert parameters[0].grad.tolist() == [3.0, 3.0] and parameters[1].grad is None
    assert parameters[2].grad.tolist() == list(range(8))
    processes_module.BUCKET = 2**24


def check_draws(team: Processes) -> None:
    team.draw_apart(0, 5)
    own = torch.rand(4)
    assert not torch.equal(team.sum(own), 2 * own)
    team.draw_apart(0, 5)
    assert torch.equal(torch.rand(4), own)
    team.draw_alike(0, 5)
    alike = torch.rand(4)
    assert torch.equal(team.sum(alike), 2 * alike)


def check_drift(team: Processes) -> None:
    weights = [nn.Parameter(torch.ones(3)), nn.Parameter(torch.zeros(2))]
    team.require_alike(weights)
    if not team.is_main:
        weights[1].data[0] = 1e-6
    with pytest.raises(TrainingError, match="no longer the same"):
        team.require_alike(weights)


if __name__ == "__main__":
    team = join(is_cpu=True)
    if not team.is_main:
        be_slow_to_start(1.0)
    for check in (check_sums, check_gradients, check_draws, check_drift):
        check(team)
    train_all(Path(sys.argv[1]), Path(sys.argv[1]) / "two")
