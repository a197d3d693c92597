import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.detector_fixtures import make_classifier
from tests.tiny import save_tiny_encoder

from tain.core.errors import ConfigError
from tain.detector.engines import Engines
from tain.detector.half_network import HalfNetwork
from tain.detector.light_bert import load_light_bert
from tain.detector.packed_bert import PackedBert, pack
from tain.training import hardware
from tain.training.classifier import load_classifier


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny_encoder(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module", params=["native", "mean", "first", "last"])
def folder(request, base, tmp_path_factory):
    path = tmp_path_factory.mktemp("c") / "c"
    return make_classifier(path, base=str(base), pooling=request.param, method={"kind": "lora", "embeddings": True})


def packed(folder, base, **settings):
    light = load_light_bert(folder, json.loads((folder / "classifier.json").read_text()), base)
    return PackedBert(light, **{"n_workers": 1, **settings})


def drawn(n, *, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(5, 45, int(rng.integers(2, 64))).tolist() for _ in range(n)]


def test_it_answers_as_the_padded_network_does(folder, base):
    rows = drawn(30)
    found = packed(folder, base).logits(rows)
    np.testing.assert_allclose(found, load_classifier(folder).merge().logits(rows), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("n_workers", "batch_tokens"), [(1, 1), (2, 70), (3, 300), (2, 10_000)])
def test_neither_the_batch_nor_the_workers_move_a_score(folder, base, n_workers, batch_tokens):
    rows = drawn(30, seed=1)
    alone = np.concatenate([packed(folder, base).logits([row]) for row in rows])
    together = packed(folder, base, n_workers=n_workers).logits(rows, batch_tokens=batch_tokens)
    np.testing.assert_allclose(together, alone, atol=1e-5, rtol=0)


def test_workers_leave_the_threads_of_their_caller_alone(folder, base):
    before = torch.get_num_threads()
    packed(folder, base, n_workers=2).logits(drawn(4))
    assert torch.get_num_threads() == before


def test_progress_adds_up(folder, base):
    told = []
    packed(folder, base, n_workers=2).logits(drawn(9), batch_tokens=80, advance=told.append)
    assert sum(told) == 9


def test_no_rows_are_no_logits(folder, base):
    assert packed(folder, base).logits([]).shape == (0, 2)


def test_a_network_that_answers_otherwise_than_when_it_was_saved_is_left_to_transformers(folder):
    engines = Engines(folder, threads=1)
    assert isinstance(engines.full(), PackedBert)
    changed = Engines(folder, threads=1)
    changed.classifier["probe"]["logits"][0][0] += 1e-3
    assert not isinstance(changed.full(), PackedBert)


def test_in_bfloat16_the_logits_move_little_and_not_with_the_batch(folder, base):
    rows = drawn(30)
    half = packed(folder, base, precision="bfloat16")
    found = half.logits(rows)
    assert 0 < np.abs(found - packed(folder, base).logits(rows)).max() < 0.02
    alone = np.concatenate([half.logits([row]) for row in rows])
    np.testing.assert_allclose(found, alone, atol=0.005, rtol=0)


def test_bfloat16_is_read_where_it_pays(folder, monkeypatch):
    monkeypatch.setattr(hardware, "has_native_bf16", lambda: True)
    rows = drawn(3)
    half, plain = Engines(folder, threads=1), Engines(folder, threads=1)
    half.read_in_bfloat16()
    assert 0 < np.abs(half.scores(rows) - plain.scores(rows)).max() < 0.02


def test_bfloat16_is_refused_where_it_does_not(folder, monkeypatch):
    engines = Engines(folder, threads=1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation)
    with pytest.raises(ConfigError, match="accelerator multiplies no bfloat16"):
        engines.read_in_bfloat16()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(hardware, "has_native_bf16", lambda: False)
    with pytest.raises(ConfigError, match="multiplies no bfloat16"):
        engines.read_in_bfloat16()
    monkeypatch.setattr(hardware, "has_native_bf16", lambda: True)
    engines.classifier["probe"]["logits"][0][0] += 0.1
    engines.light()
    engines._light = load_light_bert(folder, engines.classifier, Path(engines.classifier["base"]))
    with pytest.raises(ConfigError, match="the limit is 0.02"):
        engines.read_in_bfloat16()


def test_a_network_that_is_no_plain_bert_is_read_in_bfloat16_too(folder, monkeypatch):
    monkeypatch.setattr(hardware, "has_native_bf16", lambda: True)
    monkeypatch.setattr(Engines, "light", lambda self: None)
    rows = drawn(3)
    half, plain = Engines(folder, threads=1), Engines(folder, threads=1)
    half.read_in_bfloat16()
    assert isinstance(half.full(), HalfNetwork)
    assert 0 < np.abs(half.scores(rows) - plain.scores(rows)).max() < 0.04


@settings(max_examples=50, deadline=None)
@given(lengths=st.lists(st.integers(1, 40), max_size=40), n_tokens=st.integers(1, 100))
def test_every_row_is_packed_once_and_within_the_budget(lengths, n_tokens):
    rows = [[index] * length for index, length in enumerate(lengths)]
    packs = list(pack(rows, n_tokens=n_tokens))
    assert sorted(place for each in packs for place in each.places) == list(range(len(rows)))
    for each in packs:
        assert len(each.ids) <= n_tokens or len(each.places) == 1
        assert each.ids.tolist() == [token for place in each.places for token in rows[place]]
        assert each.positions.tolist() == [i for place in each.places for i in range(lengths[place])]
        assert [size for n, size in each.runs for _ in range(n)] == [lengths[place] for place in each.places]
