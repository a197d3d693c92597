"""Attention for training in bfloat16 is torch's own, but for rounding; what it is not made for goes to torch."""

from __future__ import annotations

import pytest
import torch
from tests.tiny import save_tiny, save_tiny_encoder
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from tain.core.example import DETECTION
from tain.methods import build_method
from tain.models import collate, load_backbone, logits_of
from tain.models.half_attention import HalfAttention, half_attention, leave_half_attention, use_half_attention

N, HEADS, LENGTH, WIDTH = 3, 4, 17, 8


def drawn(*, heads: int = HEADS, dtype: torch.dtype = torch.bfloat16) -> torch.Tensor:
    return torch.randn(N, heads, LENGTH, WIDTH).to(dtype).requires_grad_(True)


def learnt(answer: torch.Tensor, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    return [answer.detach(), *torch.autograd.grad((answer.float() ** 2).sum(), tensors)]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize("n_key_heads", [HEADS, 2])
@pytest.mark.parametrize("kind", ["none", "padding", "causal"])
def test_answers_and_gradients_are_those_of_torch(kind, n_key_heads):
    query, key, value = drawn(), drawn(heads=n_key_heads), drawn(heads=n_key_heads)
    mask = None
    if kind == "padding":
        mask = torch.ones(N, 1, 1, LENGTH, dtype=torch.bool)
        mask[0, ..., 5:] = False
    module = nn.Module()
    module.is_causal = kind == "causal"
    found = half_attention(module, query, key, value, mask)[0].transpose(1, 2)
    exact = [each.detach().float().requires_grad_(True) for each in (query, key, value)]
    theirs = scaled_dot_product_attention(
        *exact, attn_mask=mask, is_causal=kind == "causal", enable_gqa=n_key_heads != HEADS
    )
    for ours, own in zip(learnt(found, [query, key, value]), learnt(theirs, exact), strict=True):
        assert (ours.float() - own).norm() / own.norm() < 0.02


@pytest.mark.parametrize("case", ["float32", "no gradient", "dropout", "bias"])
def test_the_rest_goes_to_torch(monkeypatch, case):
    monkeypatch.setattr(HalfAttention, "apply", lambda *_: pytest.fail("taken"))
    tensors = [drawn(dtype=torch.float32 if case == "float32" else torch.bfloat16) for _ in range(3)]
    if case == "no gradient":
        tensors = [each.detach() for each in tensors]
    settings = {"dropout": 0.1 if case == "dropout" else 0.0}
    if case == "bias":
        settings["position_bias"] = torch.zeros(1, HEADS, LENGTH, LENGTH, dtype=torch.bfloat16)
    answer, weights = half_attention(nn.Module(), *tensors, None, **settings)
    assert answer.shape == (N, LENGTH, HEADS, WIDTH) and weights is None


@pytest.mark.parametrize(
    ("family", "is_taken"),
    [("bert", True), ("roberta", True), ("modernbert", True), ("llama", True), ("qwen", True), ("t5-encoder", False)],
)
def test_which_families_have_it(family, is_taken, tmp_path, monkeypatch):
    n_taken, inner = [], HalfAttention.apply
    monkeypatch.setattr(HalfAttention, "apply", lambda *given: (n_taken.append(1), inner(*given))[1])
    backbone = load_backbone(str(save_tiny(family, tmp_path)), DETECTION)
    use_half_attention(backbone.model)
    model = build_method({"kind": "lora"}).prepare(backbone, seed=0)
    model.train()
    batch = collate([[2, *range(5, 30), 3], [2, 7, 3]], pad_id=backbone.tokenizer.pad_token_id)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits_of(model, batch).sum().backward()
    assert bool(n_taken) == is_taken
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    leave_half_attention(backbone.model)
    assert backbone.model.config._attn_implementation != "tain_half"


def test_nothing_of_it_is_saved(tmp_path):
    model = load_backbone(str(save_tiny_encoder(tmp_path / "base")), DETECTION).model
    use_half_attention(model)
    assert model.config._attn_implementation == "tain_half"
    model.save_pretrained(tmp_path / "saved")
    assert "tain_half" not in (tmp_path / "saved" / "config.json").read_text()
