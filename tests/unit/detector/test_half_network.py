"""Any architecture in bfloat16: close to float32, with a head, norms and sums that stay float32."""

import numpy as np
import pytest
import torch
from tests.detector_fixtures import make_classifier
from tests.tiny import FAMILIES, save_tiny

from tain.detector.engines import Engines
from tain.detector.half_network import HalfNetwork
from tain.methods.method import is_head
from tain.training import hardware
from tain.training.classifier import load_classifier

WHERE = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA"))]


def drawn(n):
    rng = np.random.default_rng(0)
    return [rng.integers(5, 45, int(rng.integers(2, 40))).tolist() for _ in range(n)]


@pytest.mark.parametrize("device", WHERE)
@pytest.mark.parametrize("method", [{"kind": "lora"}, {"kind": "prompt_tuning", "n_tokens": 2}])
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_move_little_and_not_with_the_batch(family, method, device, tmp_path):
    base = save_tiny(family, tmp_path / "base")
    folder = make_classifier(tmp_path / "c", base=str(base), method=method)
    plain, halved = (load_classifier(folder).merge() for _ in range(2))
    halved.model.to(device)
    half, rows = HalfNetwork(halved), drawn(20)
    expected, found = plain.logits(rows), half.logits(rows)
    assert found.dtype == np.float32
    assert 0 < np.abs(found - expected).max() < 0.03 * max(1.0, np.ptp(expected))
    alone = np.concatenate([half.logits([row]) for row in rows])
    np.testing.assert_allclose(found, alone, atol=0.015 * max(1.0, np.ptp(expected)), rtol=0)


@pytest.mark.parametrize("pooling", ["native", "mean"])
def test_only_matrices_of_the_blocks_are_kept_in_half(pooling, tmp_path):
    base = save_tiny("bert", tmp_path / "base")
    folder = make_classifier(tmp_path / "c", base=str(base), pooling=pooling)
    classifier = load_classifier(folder).merge()
    half = HalfNetwork(classifier)
    for name, module in classifier.model.named_modules():
        is_matrix = isinstance(module, torch.nn.Linear) and not is_head(name)
        kept = torch.bfloat16 if is_matrix else torch.float32
        assert all(parameter.dtype == kept for parameter in module.parameters(recurse=False))
    logits = torch.from_numpy(half.logits(drawn(8)))
    assert (logits != logits.bfloat16().float()).any(), "the head computed in bfloat16"


def test_the_head_of_words_and_what_it_shares_stay_float32(tmp_path):
    base = save_tiny("gpt2", tmp_path / "base")
    words = {"introduction": "w1", "instruction": "w2", "label_words": {"human": "w5", "ai": "w6"}}
    method = {"kind": "label_words", "network": "full", **words}
    folder = make_classifier(tmp_path / "c", base=str(base), method=method)
    classifier = load_classifier(folder)
    half, rows = HalfNetwork(classifier), drawn(8)
    kept = {name: parameter.dtype for name, parameter in classifier.model.named_parameters()}
    assert {dtype for name, dtype in kept.items() if "c_fc.weight" in name} == {torch.bfloat16}
    assert {dtype for name, dtype in kept.items() if "wte" in name or "lm_head" in name} == {torch.float32}
    expected, found = load_classifier(folder).logits(rows), half.logits(rows)
    assert 0 < np.abs(found - expected).max() < 0.02


def test_a_decoder_is_read_in_bfloat16_where_it_pays(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "has_native_bf16", lambda: True)
    base = save_tiny("llama", tmp_path / "base")
    engines = Engines(make_classifier(tmp_path / "c", base=str(base)), threads=1)
    engines.read_in_bfloat16()
    assert isinstance(engines.full(), HalfNetwork)
    assert not engines.full()._classifier.model.config.use_cache, "keys and values for words that never follow"
