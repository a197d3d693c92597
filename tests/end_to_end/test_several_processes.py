"""Processes of a launcher share a training: the same weights as one makes, a killed one goes on, each error is told."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file
from tests.end_to_end import launched
from tests.tiny import save_tiny_encoder, save_tiny_texts

from tain.core.errors import ConfigError
from tain.core.launch import require_replicas
from tain.training.checkpoint import checkpoints

ROOT = Path(__file__).parents[2]
TAIN = [str(Path(sys.executable).parent / "tain")]
LIMIT_S = 240


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("launched")
    save_tiny_texts(folder)
    save_tiny_encoder(folder / "base")
    (folder / "bad.jsonl").write_text('{"text": "a row of nobody knows whom", "label": null}\n')
    return folder


def launch(folder: Path, *command: str) -> subprocess.Popen:
    environment = os.environ | {
        "TAIN_CACHE": str(folder / "cache"),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
        "CUDA_VISIBLE_DEVICES": "",
    }
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.Popen(
        [*start, *command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def flags(folder: Path, output: str, *more: str) -> list[str]:
    given = {
        "corpus.min_words": 5,
        "corpus.cut_low": 10,
        "corpus.cut_high": 25,
        "training.n_epochs": 16,
        "training.batch_tokens": 256,
        "training.n_evaluations": 3,
        "training.checkpoint_every": 5,
        "training.hidden_dropout": 0.1,
        "method.dropout": 0.1,
    }
    values = [part for key, value in given.items() for part in ("--set", f"{key}={value}")]
    files = ["--base", str(folder / "base"), "--train", str(folder / "texts.jsonl"), "--output", str(folder / output)]
    return ["--no-python", *TAIN, "train", *files, *values, *more]


def weights_in(model: Path) -> dict[str, torch.Tensor]:
    files = [file for file in model.glob("*.safetensors") if file.name != "seen.safetensors"]
    return {name: value for file in files for name, value in load_file(file).items()}


def test_two_processes_make_the_weights_of_one(made):
    process = launch(made, str(Path(launched.__file__)), str(made))
    launched.train_all(made, made / "one")
    _, errors = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, errors[-3000:]
    for name in launched.METHODS:
        one, two = (weights_in(made / run / name / "model") for run in ("one", "two"))
        assert one.keys() == two.keys() and one
        for key, value in one.items():
            torch.testing.assert_close(two[key], value, rtol=0, atol=2e-5, msg=lambda m, n=name, k=key: f"{n} {k}: {m}")
        histories = [(made / run / name / "history.jsonl").read_text().splitlines() for run in ("one", "two")]
        assert len(histories[0]) == len(histories[1])
        for ours, theirs in zip(*map(lambda lines: map(json.loads, lines), histories), strict=True):
            assert ours["step"] == theirs["step"]
            if "eval/auroc" in ours:
                assert ours["eval/auroc"] == pytest.approx(theirs["eval/auroc"], abs=1e-9)


def test_one_that_is_killed_stops_all_and_they_go_on_to_the_same_bits(made):
    whole = launch(made, *flags(made, "whole", "--train", str(made / "bad.jsonl"), "--on-bad", "set_aside"))
    out, errors = whole.communicate(timeout=LIMIT_S)
    assert whole.returncode == 0, errors[-3000:]  # where one process would say that it read only a part
    assert errors.count("Bad rows set aside: 1 in ") == 1
    assert out.split() == [str(made / "whole" / "model")]  # the main process alone speaks
    stopped = launch(made, *flags(made, "stopped"))
    until = time.monotonic() + LIMIT_S
    while not checkpoints(made / "stopped" / "checkpoints")[1:] and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(second(stopped.pid), signal.SIGKILL)
    stopped.communicate(timeout=LIMIT_S)
    assert stopped.returncode != 0 and not (made / "stopped" / "manifest.json").exists()
    resumed = launch(made, *flags(made, "stopped", "--resume"))
    _, errors = resumed.communicate(timeout=LIMIT_S)
    assert resumed.returncode == 0, errors[-3000:]
    file = Path("model/adapter_model.safetensors")
    assert (made / "stopped" / file).read_bytes() == (made / "whole" / file).read_bytes()


def second(launcher: int) -> int:
    """The process of rank 1."""
    for child in psutil.Process(launcher).children(recursive=True):
        if child.environ().get("RANK") == "1":
            return child.pid
    raise AssertionError("rank 1 is not running")


def test_an_error_says_which_process_had_it(made):
    (made / "taken").mkdir()
    (made / "taken" / "mine.txt").write_text("keep me")
    process = launch(made, *flags(made, "taken"))
    _, errors = process.communicate(timeout=LIMIT_S)
    assert process.returncode != 0
    assert "(process 1 of 2): " in errors or "(process 2 of 2): " in errors
    assert "exists already. Pass --resume" in errors
    assert [path.name for path in (made / "taken").iterdir()] == ["mine.txt"]


def test_other_verbs_take_one_process(monkeypatch, capsys):
    from tain.cli.app import run

    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "2")
    assert run(["score", "texts.jsonl"]) == 2
    assert "tain (process 3 of 4): A launcher started 4 processes" in capsys.readouterr().err


def test_cut_up_weights_are_refused(monkeypatch):
    require_replicas()
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(ConfigError, match="FSDP"):
        require_replicas()
