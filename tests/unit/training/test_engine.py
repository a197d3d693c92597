"""The loop itself, on a tiny encoder."""

import json

import numpy as np
import pytest
import torch
from tests.tiny import save_tiny_encoder

from tain.core.errors import ConfigError, MissingExtraError, TrainingError
from tain.core.example import DETECTION
from tain.methods import build_method
from tain.methods.method import trainable
from tain.models import load_backbone
from tain.training import engine as engine_module
from tain.training.classifier import load_classifier, save_classifier
from tain.training.config import TrainingConfig
from tain.training.engine import Engine
from tain.training.folder import RunFolder
from tain.training.store import TokenRow, build_store


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(save_tiny_encoder(tmp_path_factory.mktemp("base")))


def rows(n, seed):
    rng = np.random.default_rng(seed)
    for index in range(n):
        label = index % 2
        words = rng.integers(4, 44, size=rng.integers(5, 20))
        yield TokenRow([2, *np.where(words % 2 == label, words, (words - 3) % 40 + 4).tolist(), 3], label)


def engine(base, folder, *, run="run", said=None, **settings):
    config = TrainingConfig(**{"threads": 1, "batch_tokens": 128, "n_epochs": 4, "checkpoint_every": 5, **settings})
    run_folder = RunFolder(folder / run)
    run_folder.open(config.model_dump(mode="json"), threads=1, is_resumed=False, force=False)
    return Engine(
        load_backbone(base, DETECTION),
        build_method({"kind": "lora", "rank": 4}),
        train=build_store(folder / "train", rows(120, 0)),
        valid=build_store(folder / "valid", rows(60, 1)),
        config=config,
        run=run_folder,
        seed=0,
        is_quiet=True,
        tell=(said if said is not None else []).append,
    )


def test_it_learns_saves_and_reloads(base, tmp_path):
    said = []
    result = engine(base, tmp_path, said=said).train()
    assert result.best[1] > 0.8
    assert "Training takes about" in said[0]
    history = RunFolder(tmp_path / "run").entries()
    assert [entry["step"] for entry in history] == sorted(entry["step"] for entry in history)
    assert max(entry["train/lr"] for entry in history if "train/lr" in entry) <= 1e-3
    probes = [[2, 5, 6, 3], [2, 9, 3]]
    save_classifier(result.classifier, tmp_path / "model", probe_rows=probes)
    assert np.array_equal(load_classifier(tmp_path / "model").logits(probes), result.classifier.logits(probes))


def test_a_save_that_does_not_reload_as_saved_leaves_nothing(base, tmp_path, monkeypatch):
    result = engine(base, tmp_path, n_epochs=0.1).train()
    method = type(result.classifier.method)

    def forgetful(self, backbone, folder):
        return backbone.model  # as if the adapter and the head had been lost

    monkeypatch.setattr(method, "load", forgetful)
    monkeypatch.setattr(result.classifier.backbone, "name", base)
    # The head in the base folder differs from the trained one.
    with pytest.raises(TrainingError, match="the saved classifier answers .* apart from the trained one"):
        save_classifier(result.classifier, tmp_path / "model", probe_rows=[[2, 5, 6, 3]])
    assert not (tmp_path / "model").exists()


def test_a_divergence_goes_back_at_half_the_rate_and_then_gives_up(base, tmp_path, monkeypatch):
    said = []
    diverging = engine(base, tmp_path, said=said, max_rollbacks=2)
    real, calls = diverging._step, []

    def explode(step):
        loss, n_tokens = real(step)
        calls.append(step)
        return (float("nan") if step == 7 else loss), n_tokens

    monkeypatch.setattr(diverging, "_step", explode)
    with pytest.raises(TrainingError, match=r"diverged again after 2 rollbacks. Lower training.lr"):
        diverging.train()
    assert [line for line in said if "back to step 5 at half the rate" in line] == said[1:] != []
    assert diverging.state.progress.rate_scale == 0.25
    assert calls.count(5) == 3


def test_patience_stops_early(base, tmp_path):
    stopped = engine(base, tmp_path, lr=1e-12, n_evaluations=8, patience=2, average_from=None)
    result = stopped.train()
    assert stopped.state.progress.step < result.n_steps


def test_weights_that_are_averaged_can_win(base, tmp_path):
    trained = engine(base, tmp_path, average_from=0.2, n_evaluations=2)
    trained.train()
    keys = {key for entry in trained.run.entries() for key in entry}
    assert {"eval/tpr", "average/eval/tpr"} <= keys


def test_a_batch_in_parts_has_the_gradient_of_the_whole(base, tmp_path, monkeypatch):
    found = {}
    for part_tokens in (40, 10_000):
        monkeypatch.setattr(engine_module, "PART_TOKENS", part_tokens)
        settings = {"accumulate": 2, "label_smoothing": 0.1, "weight_decay": 0.0, "dtype": "float32"}
        made = engine(base, tmp_path, run=f"run-{part_tokens}", **settings)
        n_parts = len(made.parts(made._batch(0)))
        assert (n_parts > 2) == (part_tokens == 40), n_parts
        monkeypatch.setattr(made.optimiser, "zero_grad", lambda **_: None)
        loss, n_tokens = made._step(0)
        found[part_tokens] = loss, n_tokens, {name: p.grad.clone() for name, p in trainable(made.model).items()}
    (loss, n_tokens, parts), (whole_loss, n_whole, whole) = found.values()
    assert n_tokens == n_whole and loss == pytest.approx(whole_loss, rel=1e-5)
    for name, gradient in whole.items():
        torch.testing.assert_close(parts[name], gradient, rtol=1e-4, atol=1e-7)


def test_a_tracker_that_is_not_installed_is_named(base, tmp_path):
    with pytest.raises(MissingExtraError, match=r"pip install 'tain\[wandb\]'"):
        engine(base, tmp_path, report_to="wandb")


def test_several_processes_of_a_launcher_are_refused(base, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="started 2 processes"):
        engine(base, tmp_path)


def test_a_run_is_resumed_with_the_same_settings_only(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.open({"seed": 0, "lr": 1.0}, threads=3, is_resumed=False, force=False)
    run.open({"seed": 0, "lr": 1.0}, threads=1, is_resumed=True, force=False)
    assert run.threads == 3
    with pytest.raises(ConfigError, match=r"other settings: lr \(lr was 1.0, is 2.0\)"):
        run.open({"seed": 0, "lr": 2.0}, threads=1, is_resumed=True, force=False)


def test_history_after_a_checkpoint_is_dropped(tmp_path):
    run = RunFolder(tmp_path)
    for step in (1, 2, 3):
        run.log({"step": step})
    with run.history.open("a") as file:
        file.write('{"step": 4, "tr')  # cut by a kill
    run.rewind(2)
    assert [entry["step"] for entry in run.entries()] == [1, 2]
    assert json.loads((tmp_path / "history.jsonl").read_text().splitlines()[-1]) == {"step": 2}


def test_a_gradient_that_is_not_finite_counts_as_divergence_and_changes_nothing(base, tmp_path, monkeypatch):
    broken = engine(base, tmp_path, max_rollbacks=0)
    monkeypatch.setattr(broken.accelerator, "clip_grad_norm_", lambda parameters, norm: float("inf"))
    before = {name: p.detach().clone() for name, p in broken.model.named_parameters()}
    with pytest.raises(TrainingError, match="rose to nan"):
        broken.train()
    assert all((p == before[name]).all() for name, p in broken.model.named_parameters())


def test_what_a_kill_left_behind_is_swept(tmp_path):
    from tain.core.files import sweep

    (tmp_path / ".checkpoint-00000004.abc.part").mkdir()
    (tmp_path / ".checkpoint-00000003.abc.old").mkdir()
    (tmp_path / ".checkpoint-00000002.abc.old").mkdir()
    (tmp_path / "checkpoint-00000002").mkdir()
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-00000002", "checkpoint-00000003"]


def test_bfloat16_trains_saves_and_reloads(base, tmp_path):
    # In a process of its own: accelerate fixes one precision for each process.
    import subprocess
    import sys
    from pathlib import Path

    code = f"""
from pathlib import Path
from tests.unit.training.test_engine import engine
from tain.training.classifier import load_classifier, save_classifier
result = engine({base!r}, Path({str(tmp_path)!r}), dtype="bfloat16", n_epochs=0.5).train()
save_classifier(result.classifier, Path({str(tmp_path)!r}) / "model", probe_rows=[[2, 5, 6, 3]])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model" / "classifier.json").exists()
