"""A head alone learns the same from states that are computed once as from a network that reads in every pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.tiny import save_tiny

from tain.core.example import DETECTION
from tain.methods import build_method
from tain.methods.method import trainable
from tain.models import load_backbone
from tain.training import engine as engine_module
from tain.training.config import TrainingConfig
from tain.training.engine import Engine
from tain.training.folder import RunFolder
from tain.training.store import TokenRow, build_store

HEAD = {"kind": "head_only"}


def rows(n, seed):
    rng = np.random.default_rng(seed)
    for index in range(n):
        yield TokenRow([2, *rng.integers(4, 44, size=rng.integers(5, 20)).tolist(), 3], index % 2)


def made(folder, *, family="bert", method=HEAD, pooling="native", **settings):
    base = folder / family
    if not base.is_dir():
        save_tiny(family, base)
    run = RunFolder(folder / "run")
    run.open({}, threads=1, is_resumed=False, force=True)
    return Engine(
        load_backbone(str(base), DETECTION, pooling=pooling),
        build_method(method),
        train=build_store(folder / "train", rows(60, 0)),
        valid=build_store(folder / "valid", rows(40, 1)),
        config=TrainingConfig(**{"threads": 1, "batch_tokens": 128, "n_epochs": 4, "dtype": "float32", **settings}),
        run=run,
        seed=0,
        is_quiet=True,
    )


def counted(engine):
    """How many texts the network reads while it trains."""
    n_read = [0]
    network = engine.backbone.model.base_model
    network.register_forward_hook(lambda *given: n_read.__setitem__(0, n_read[0] + len(given[2][0])))
    result = engine.train()
    return n_read[0], result, {name: p.detach().clone() for name, p in trainable(engine.model).items()}


@pytest.mark.parametrize("pooling", ["native", "mean"])
def test_every_text_is_read_once_and_the_head_learns_the_same(pooling, tmp_path, monkeypatch):
    n_read, result, weights = counted(made(tmp_path, pooling=pooling))
    monkeypatch.setattr(engine_module, "pooled_states", lambda *_, **__: [])
    n_usual, usual, expected = counted(made(tmp_path, pooling=pooling))
    assert n_read == 100 and n_usual > 500
    assert result.best == pytest.approx(usual.best, abs=1e-5)
    for name, weight in expected.items():
        torch.testing.assert_close(weights[name], weight, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("bert", {"method": {"kind": "lora"}}),
        ("bert", {"hidden_dropout": 0.1}),
        ("bert", {"attention_dropout": 0.1}),
        ("llama", {}),  # its head reads the states of all tokens
        ("roberta", {}),
    ],
)
def test_where_states_change_or_are_many_the_network_reads(family, settings, tmp_path):
    engine = made(tmp_path, family=family, n_epochs=1, **settings)
    assert not engine.pooled
    engine.train()


def test_a_frozen_network_under_another_head(tmp_path):
    engine = made(tmp_path, method={"kind": "authorship", "hidden": 8, "network": "frozen", "dropout": 0.0})
    n_read, _, _ = counted(engine)
    assert len(engine.pooled) == 2 and n_read == 100
