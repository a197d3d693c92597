"""The layer with fast thin products answers, learns and keeps as peft's does."""

from __future__ import annotations

import pytest
import torch
from peft.tuners.lora import Linear
from tests.lora_pair import D_IN, RANK, N, learnt, pair
from torch import nn

from tain.methods.thin_products import ThinLinear, ThinProducts
from tain.training.activations import activation_bytes


@pytest.fixture
def applied(monkeypatch):
    """How often the product of ours was taken."""
    found, inner = [], ThinProducts.apply
    monkeypatch.setattr(ThinProducts, "apply", lambda *given: (found.append(1), inner(*given))[1])
    return found


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("shape", [(N, D_IN), (3, 100, D_IN), (15, D_IN), (2, 4, D_IN), (1, D_IN)])
def test_answers_and_gradients_are_those_of_peft(applied, has_bias, shape):
    ours, theirs = pair(has_bias=has_bias)
    x = torch.randn(shape)
    found, expected = learnt(ours, x), learnt(theirs, x)
    assert applied == [1] and type(ours[0]) is ThinLinear and type(theirs[0]) is Linear
    assert found.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-4)


def test_with_a_frozen_the_input_is_not_kept(applied):
    ours, theirs = pair()
    for model in (ours, theirs):
        model[0].lora_A["default"].requires_grad_(False)
    x = torch.randn(N, D_IN)
    found, expected = learnt(ours, x), learnt(theirs, x)
    assert applied and found.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-4)
    assert activation_bytes(ours, lambda: ours(x).sum()) <= 4 * N * RANK


def test_no_more_is_kept_than_by_peft():
    ours, theirs = pair()
    x = torch.randn(N, D_IN)
    own, peft = (activation_bytes(model, lambda model=model: model(x).sum()) for model in (ours, theirs))
    assert own == 4 * N * (D_IN + RANK) <= peft


@pytest.mark.parametrize("n", [3, 5, 7])
def test_gradients_agree_with_differences(n):
    torch.manual_seed(0)
    shapes = ((n, 4), (6, 4), (6,), (2, 4), (6, 2))
    x, weight, bias, a, b = (torch.randn(shape, dtype=torch.float64) for shape in shapes)
    given = (x.requires_grad_(), weight, bias, a.requires_grad_(), b.requires_grad_(), 1.7)
    assert torch.autograd.gradcheck(ThinProducts.apply, given)
    assert torch.autograd.gradcheck(ThinProducts.apply, (x, weight, None, a.detach(), b, 1.7))


def test_before_the_first_step_it_answers_exactly_as_the_layer_alone():
    ours, _ = pair()
    nn.init.zeros_(ours[0].lora_B["default"].weight)
    x = torch.randn(N, D_IN)
    assert torch.equal(ours(x), ours[0].base_layer(x))


@pytest.mark.parametrize("settings", [{"lora_dropout": 0.5}, {"use_dora": True}, {"lora_bias": True}])
def test_what_it_cannot_do_is_left_to_peft(applied, settings):
    ours, theirs = pair(**settings)
    x = torch.randn(N, D_IN)
    torch.manual_seed(1)
    found = ours(x)
    torch.manual_seed(1)
    assert torch.equal(found, theirs(x)) and not applied


def test_it_steps_aside_where_it_does_not_fit(applied):
    ours, theirs = pair()
    x = torch.randn(N, D_IN)
    with torch.no_grad():
        assert torch.equal(ours(x), theirs(x))
    with torch.autocast("cpu", torch.float16):
        assert torch.equal(ours(x), theirs(x))
    assert torch.equal(ours.to(torch.float64)(x.double()), theirs.to(torch.float64)(x.double()))
    assert torch.equal(ours.to(torch.float32).eval()(x), theirs.to(torch.float32).eval()(x))
    seen = []
    ours.train()[0].lora_A["default"].register_forward_hook(lambda *given: seen.append(1))
    ours(x)
    assert seen == [1] and not applied


def test_a_merged_or_disabled_adapter_is_left_to_peft(applied):
    ours, theirs = pair()
    x = torch.randn(N, D_IN)
    for model in (ours, theirs):
        model[0].enable_adapters(False)
    assert torch.equal(ours(x), theirs(x))
    for model in (ours, theirs):
        model[0].enable_adapters(True)
        model[0].merge()
    assert torch.equal(ours(x), theirs(x)) and not applied


@pytest.mark.parametrize("part", ["weight", "bias"])
def test_a_base_that_trains_too_keeps_its_gradient(applied, part):
    ours, theirs = pair()
    for model in (ours, theirs):
        getattr(model[0].base_layer, part).requires_grad_(True)
    x = torch.randn(N, D_IN)
    found, expected = learnt(ours, x), learnt(theirs, x)
    assert not applied and f"0.base_layer.{part}" in found
    for name in expected:
        assert torch.equal(found[name], expected[name])
