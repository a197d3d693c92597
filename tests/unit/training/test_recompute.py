"""Blocks that are computed again give the same gradients from less memory."""

from __future__ import annotations

import pytest
import torch
from tests.tiny import save_tiny

from tain.core.errors import ConfigError
from tain.core.example import DETECTION
from tain.methods import build_method
from tain.methods.method import trainable
from tain.models import collate, load_backbone, logits_of
from tain.training.activations import activation_bytes
from tain.training.recompute import compute_again

ROWS = [[2, *range(5, 35), 3], [2, *range(8, 20), 3]]


@pytest.mark.parametrize("kind", ["lora", "full", "prompt_tuning"])
@pytest.mark.parametrize("family", ["bert", "modernbert", "llama"])
def test_gradients_are_the_same_and_less_is_kept(family, kind, tmp_path):
    base = str(save_tiny(family, tmp_path / family))
    found = {}
    for is_again in (False, True):
        backbone = load_backbone(base, DETECTION)
        model = build_method({"kind": kind}).prepare(backbone, seed=0)
        if is_again:
            compute_again(backbone.model)
        model.train()
        batch = collate(ROWS, pad_id=backbone.tokenizer.pad_token_id)

        def loss(model=model, batch=batch):
            return logits_of(model, batch).logsumexp(-1).sum()

        n_bytes = activation_bytes(model, loss)
        loss().backward()
        found[is_again] = n_bytes, {name: p.grad for name, p in trainable(model).items() if p.grad is not None}
    (kept, plain), (kept_again, again) = found[False], found[True]
    assert kept_again < kept and plain.keys() == again.keys()
    for name, gradient in plain.items():
        assert torch.equal(again[name], gradient), name


def test_an_architecture_without_it_says_so(tmp_path):
    model = load_backbone(str(save_tiny("bert", tmp_path)), DETECTION).model
    model.supports_gradient_checkpointing = False
    with pytest.raises(ConfigError, match="cannot compute its blocks again"):
        compute_again(model)
