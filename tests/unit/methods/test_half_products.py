"""Under autocast to bfloat16 the layer with LoRA answers and learns as in float32, to what bfloat16 can hold."""

from __future__ import annotations

import pytest
import torch
from tests.lora_pair import D_IN, D_OUT, RANK, N, learnt, pair

from tain.methods.half_products import HalfProducts
from tain.training.activations import activation_bytes


@pytest.fixture
def applied(monkeypatch):
    found, inner = [], HalfProducts.apply
    monkeypatch.setattr(HalfProducts, "apply", lambda *given: (found.append(1), inner(*given))[1])
    return found


def in_half(model, x):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return learnt(model, x)


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a.float() - b.float()).norm() / b.float().norm())


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("shape", [(N, D_IN), (3, 100, D_IN), (2, 4, D_IN)])
def test_no_further_from_float32_than_peft_under_autocast(applied, has_bias, shape):
    ours, theirs = pair(has_bias=has_bias)
    x = torch.randn(shape)
    exact, found, usual = learnt(theirs, x), in_half(ours, x), in_half(theirs, x)
    assert applied == [1] and found.keys() == exact.keys()
    for name, value in exact.items():
        assert found[name].dtype == usual[name].dtype
        assert distance(found[name], value) <= max(0.01, 1.5 * distance(usual[name], value)), name


def test_a_change_too_small_for_the_weight_is_not_lost():
    ours, _ = pair(has_bias=False)
    layer = ours[0]
    with torch.no_grad():
        layer.base_layer.weight.fill_(1.0)
        layer.lora_A["default"].weight.fill_(2**-6)
        layer.lora_B["default"].weight.fill_(2**-6)
    x = torch.ones(1, D_IN)
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        ours[0].base_layer.weight.fill_(0.0)  # seen by the cast that is kept, as the weight's version tells
        alone = ours(x)
    assert float(alone[0, 0]) == pytest.approx(2 * 3 * D_IN * 2**-12, rel=1e-2)


def test_with_a_frozen_the_input_is_not_kept(applied):
    ours, _ = pair()
    ours[0].lora_A["default"].requires_grad_(False)
    found = in_half(ours, torch.randn(N, D_IN))
    assert applied and "0.lora_A.default.weight" not in found and "0.lora_B.default.weight" in found


def test_dropout_is_left_to_peft(applied):
    ours, _ = pair(lora_dropout=0.5)
    in_half(ours, torch.randn(N, D_IN))
    assert not applied


def test_the_cast_weight_is_no_activation():
    ours, _ = pair(has_bias=True)
    x = torch.randn(N, D_IN)

    def loss():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return ours(x).sum()

    n_numbers = N * (D_IN + RANK) + D_OUT * RANK  # the input, A x, and B times its scale
    assert activation_bytes(ours, loss) == 2 * n_numbers
