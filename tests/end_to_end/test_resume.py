"""A training that is killed and resumed ends in the weights of one that was left alone, bit for bit."""

import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest
import torch
from tests.tiny import save_tiny_encoder, save_tiny_texts

from tain.recipes.configuration import read_config
from tain.recipes.train import train
from tain.training.checkpoint import PREFIX, checkpoints

N_KILLS = 10


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("made")
    return save_tiny_encoder(folder / "base"), save_tiny_texts(folder)


def settings(made):
    base, texts = made
    return read_config(
        None,
        flags={
            "base": str(base),
            "corpus.train": [str(texts)],
            "corpus.min_words": 5,
            "corpus.cut_low": 10,
            "corpus.cut_high": 25,
            "training.n_epochs": 6,
            "training.batch_tokens": 256,
            "training.checkpoint_every": 3,
            "training.n_evaluations": 5,
            "training.average_from": 0.5,
            "training.threads": 1,
            "method.rank": 4,
            "method.dropout": 0.1,
        },
    )


def in_a_child(made, output: Path, *, kill_after_s: float | None) -> int | None:
    torch.set_num_threads(1)

    def work() -> None:
        os.environ["TAIN_CACHE"] = str(output.parent / "cache")
        train(settings(made), output, is_resumed=True, is_quiet=True)

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    return child.exitcode


def result_of(output: Path) -> tuple[bytes, list]:
    weights = (output / "model" / "adapter_model.safetensors").read_bytes()
    lines = [json.loads(line) for line in (output / "history.jsonl").read_text().splitlines()]
    return weights, [{key: value for key, value in line.items() if key != "duration_s"} for line in lines]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork to kill a training without paying for imports")
def test_killed_at_ten_random_moments_ends_in_the_same_bits(made, tmp_path):
    whole = tmp_path / "whole"
    started = time.perf_counter()
    assert in_a_child(made, whole, kill_after_s=None) == 0
    duration_s = time.perf_counter() - started
    rng, expected = random.Random(1), result_of(whole)
    n_killed, n_resumed, attempt = 0, 0, 0
    while n_killed < N_KILLS:
        run = tmp_path / f"killed-{attempt}"
        exit_status = in_a_child(made, run, kill_after_s=rng.uniform(0.05, 0.4) * duration_s)
        n_killed += exit_status == -signal.SIGKILL
        n_resumed += any(int(path.name.removeprefix(PREFIX)) > 0 for path in checkpoints(run / "checkpoints"))
        if (run / "manifest.json").exists():  # on to a new Run, until there have been ten kills
            assert result_of(run) == expected
            attempt += 1
    assert in_a_child(made, tmp_path / f"killed-{attempt}", kill_after_s=None) == 0
    assert result_of(tmp_path / f"killed-{attempt}") == expected
    assert n_resumed >= 3  # some of the kills came after training had begun


def test_a_finished_run_is_left_alone_without_resume_or_force(made, tmp_path):
    from tain.core.errors import ConfigError

    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("keep me")
    with pytest.raises(ConfigError, match="exists already"):
        train(settings(made), tmp_path / "run", is_quiet=True)
    assert (tmp_path / "run" / "mine.txt").read_text() == "keep me"
