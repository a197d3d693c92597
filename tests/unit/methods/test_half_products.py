"""Under autocast to bfloat16 the layer with LoRA answers and learns as in float32, to what bfloat16 can hold."""

from __future__ import annotations

import copy

import pytest
import torch
from tests.lora_pair import D_IN, D_OUT, RANK, N, learnt, pair
from torch import nn

from tain.methods.half_products import KEPT, HalfProducts, forget_halves
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


def answer(layer, x):
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        return layer(x).float()


def test_a_change_too_small_for_the_weight_is_not_lost():
    ours, _ = pair(has_bias=False)
    layer = ours[0]
    nn.init.ones_(layer.base_layer.weight)
    nn.init.zeros_(layer.lora_A["default"].weight)
    with torch.no_grad():
        layer.lora_A["default"].weight[:, 0] = 2**-6
    nn.init.constant_(layer.lora_B["default"].weight, 2**-6)
    x = torch.zeros(1, D_IN)
    x[0, :2] = torch.tensor([1.0, -1.0])  # W0 x is nothing, and 1 + s B A would be 1 in bfloat16
    assert float(answer(ours, x)[0, 0]) == pytest.approx(2 * RANK * 2**-12, rel=1e-2)


@pytest.mark.parametrize("part", ["weight", "bias"])
def test_who_writes_to_the_frozen_layer_is_heard(part):
    ours, _ = pair()
    x = torch.randn(4, D_IN)
    before = answer(ours, x)
    with torch.no_grad():
        getattr(ours[0].base_layer, part).add_(1.0)
    assert (answer(ours, x) - before).abs().max() > 0.5


def test_merged_and_unmerged_it_answers_as_before():
    ours, _ = pair()
    x = torch.randn(4, D_IN)
    before = answer(ours, x)
    ours[0].merge()
    assert distance(answer(ours, x), before) < 0.02
    ours[0].unmerge()
    nn.init.zeros_(ours[0].lora_B["default"].weight)
    assert distance(answer(ours, x), nn.functional.linear(x, *ours[0].base_layer.parameters())) < 0.02


def test_neither_copies_nor_pickles_hold_the_cast_weights():
    ours, _ = pair()
    answer(ours, torch.randn(4, D_IN))
    assert KEPT in vars(ours[0]) and KEPT not in vars(copy.deepcopy(ours)[0])
    forget_halves(ours)
    assert KEPT not in vars(ours[0])


def test_it_learns_after_it_answered_for_inference():
    ours, _ = pair()
    x = torch.randn(4, D_IN)
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        ours(x)
    assert "x" in in_half(ours, x)


def test_no_rows_are_no_answers():
    ours, _ = pair()
    assert answer(ours, torch.empty(0, D_IN)).shape == (0, D_OUT) and ours(torch.empty(0, D_IN)).shape == (0, D_OUT)


def test_with_a_frozen_the_input_is_not_kept(applied):
    ours, _ = pair()
    ours[0].lora_A["default"].requires_grad_(False)
    x = torch.randn(N, D_IN)

    def loss():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return ours(x).sum()

    assert activation_bytes(ours, loss) <= 2 * RANK * (N + D_OUT) and applied
    found = in_half(ours, x)
    assert "0.lora_A.default.weight" not in found and "0.lora_B.default.weight" in found


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
