"""Attention without padding is torch's own with a mask; the kernel itself runs where there is CUDA."""

from __future__ import annotations

import pytest
import torch
import torch.nn.attention.varlen as varlen
from tests.tiny import save_tiny
from torch.nn.functional import scaled_dot_product_attention
from transformers.masking_utils import AttentionMaskInterface, flash_attention_mask
from transformers.modeling_utils import AttentionInterface

from tain.core.errors import ConfigError
from tain.core.example import DETECTION
from tain.methods import build_method
from tain.models import collate, load_backbone, logits_of, varlen_attention
from tain.models.varlen_attention import NAME, leave_varlen_attention, use_varlen_attention
from tain.training import preconditions
from tain.training.config import TrainingConfig
from tain.training.preconditions import require_attention

CUDA = torch.device("cuda")
TEXTS = [[2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 3], [2, 8, 3], [2, 9, 10, 11, 4, 5, 3]]
FAMILIES = ["bert", "roberta", "xlm-roberta", "modernbert", "llama", "qwen"]


def one_by_one(query, key, value, ends, ends_k, longest, longest_k, *, scale=None, window_size=(-1, -1), enable_gqa):
    """What `torch.nn.attention.varlen.varlen_attn` documents, a text at a time."""
    assert torch.equal(ends, ends_k) and ends.dtype == torch.int32 and longest == longest_k
    assert longest >= int((ends[1:] - ends[:-1]).max()) and len(query) == int(ends[-1])
    found = []
    for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        own = [each[start:end].transpose(0, 1)[None] for each in (query, key, value)]
        gap = torch.arange(end - start)[:, None] - torch.arange(end - start)[None]
        left, right = (end - start if reach == -1 else reach for reach in window_size)
        mask = (gap <= left) & (-gap <= right)
        answer = scaled_dot_product_attention(*own, attn_mask=mask, scale=scale, enable_gqa=enable_gqa)
        found.append(answer[0].transpose(0, 1))
    return torch.cat(found)


@pytest.fixture
def on_processor(monkeypatch):
    monkeypatch.setattr(varlen, "varlen_attn", one_by_one)
    monkeypatch.setattr(varlen_attention, "_half", lambda states: states)
    AttentionInterface.register(NAME, varlen_attention.varlen_attention)
    AttentionMaskInterface.register(NAME, flash_attention_mask)


@pytest.mark.parametrize("texts", [TEXTS, [TEXTS[0]] * 2], ids=["of several lengths", "of one length"])
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_and_gradients_are_those_with_padding(family, texts, on_processor, tmp_path):
    model = load_backbone(str(save_tiny(family, tmp_path / "base")), DETECTION).model.requires_grad_(True)
    batch = collate(texts, pad_id=0 if family != "roberta" else 1)
    found = []
    for name in ("sdpa", NAME):
        model.set_attn_implementation(name)
        model.zero_grad()
        logits = logits_of(model, batch)
        logits.square().sum().backward()
        found.append((logits.detach(), {n: p.grad for n, p in model.named_parameters() if p.grad is not None}))
    (padded, gradients), (packed, own) = found
    torch.testing.assert_close(packed, padded, rtol=0, atol=1e-5)
    assert own.keys() == gradients.keys() and own
    for name, gradient in gradients.items():
        torch.testing.assert_close(own[name], gradient, rtol=1e-3, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize(("is_causal", "reach"), [(False, (2, 2)), (True, (2, 0))])
def test_a_window_counts_the_token_itself(is_causal, reach, on_processor):
    query, key, value = (torch.randn(1, 2, 9, 4) for _ in range(3))
    layer = torch.nn.Module()
    answer, _ = varlen_attention.varlen_attention(layer, query, key, value, None, sliding_window=3, is_causal=is_causal)
    gap = torch.arange(9)[:, None] - torch.arange(9)[None]
    expected = scaled_dot_product_attention(query, key, value, attn_mask=(gap <= reach[0]) & (-gap <= reach[1]))
    torch.testing.assert_close(answer.transpose(1, 2), expected)


def test_the_window_of_modernbert_is_the_mask_of_its_own(on_processor, tmp_path):
    model = load_backbone(str(save_tiny("modernbert", tmp_path / "base")), DETECTION).model
    model.config.sliding_window = 2
    for layer in model.modules():
        if getattr(layer, "sliding_window", None):
            layer.sliding_window = 3  # as it sets itself: one more
    batch, found = collate(TEXTS, pad_id=0), {}
    for name in ("sdpa", NAME):
        model.set_attn_implementation(name)
        found[name] = logits_of(model, batch)
    torch.testing.assert_close(found[NAME], found["sdpa"], rtol=0, atol=1e-5)
    model.config.sliding_window = 64
    model.set_attn_implementation("sdpa")
    assert (logits_of(model, batch) - found["sdpa"]).abs().max() > 1e-4  # so the window did something


@pytest.mark.parametrize("family", ["deberta-v3", "t5-encoder"])
def test_attention_with_something_of_its_own_is_refused(family, tmp_path):
    model = load_backbone(str(save_tiny(family, tmp_path / "base")), DETECTION).model
    with pytest.raises(ConfigError, match="does something of its own"):
        use_varlen_attention(model)


@pytest.mark.parametrize("kind", ["lora", "prompt_tuning", "authorship", "full"])
def test_a_prepared_network_has_it_whatever_is_around_it_and_gets_its_own_back(kind, tmp_path):
    backbone = load_backbone(str(save_tiny("bert", tmp_path / "base")), DETECTION)
    model = build_method({"kind": kind}).prepare(backbone, seed=0)
    use_varlen_attention(model)
    assert backbone.model.config._attn_implementation == NAME
    leave_varlen_attention(model)
    assert backbone.model.config._attn_implementation == "sdpa"


def test_an_older_torch_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(varlen_attention, "KERNEL", "torch.nn.attention.of_tomorrow")
    with pytest.raises(ConfigError, match=r"needs torch 2\.13"):
        use_varlen_attention(load_backbone(str(save_tiny("bert", tmp_path / "base")), DETECTION).model)


def test_it_needs_cuda_and_bfloat16_and_drops_no_weights(monkeypatch):
    asked = TrainingConfig(attention="varlen")
    monkeypatch.setattr(preconditions, "pick_device", lambda: torch.device("cpu"))
    with pytest.raises(ConfigError, match="needs CUDA and bfloat16; this training is on cpu"):
        require_attention(asked)
    monkeypatch.setattr(preconditions, "pick_device", lambda: CUDA)
    monkeypatch.setattr(preconditions, "pick_dtype", lambda config, device: config.dtype.replace("auto", "bfloat16"))
    require_attention(asked)
    with pytest.raises(ConfigError, match="in float32"):
        require_attention(TrainingConfig(attention="varlen", dtype="float32"))
    with pytest.raises(ConfigError, match="no weights to drop"):
        require_attention(TrainingConfig(attention="varlen", attention_dropout=0.1))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("family", FAMILIES)
def test_the_kernel_answers_as_padded_attention(family, tmp_path):
    model = load_backbone(str(save_tiny(family, tmp_path / "base")), DETECTION).model.to(CUDA)
    batch = {key: value.to(CUDA) for key, value in collate(TEXTS, pad_id=0 if family != "roberta" else 1).items()}
    with torch.autocast("cuda", dtype=torch.bfloat16):
        padded = logits_of(model, batch)
        use_varlen_attention(model)
        packed = logits_of(model, batch)
    torch.testing.assert_close(packed, padded, rtol=0.02, atol=0.02)
