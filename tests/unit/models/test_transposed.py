"""GPT-2's matrices are linear layers in memory and as published on disk."""

import numpy as np
import pytest
import torch
from peft import PeftModel
from tests.tiny import save_tiny
from torch import nn
from transformers import AutoModelForSequenceClassification
from transformers.pytorch_utils import Conv1D

from tain.core.example import DETECTION
from tain.methods import build_method
from tain.models import collate, load_backbone, logits_of
from tain.models.transposed import with_plain_linears

BATCH = collate([[2, 5, 6, 7, 3], [2, 8, 3]], pad_id=0)


@pytest.fixture
def base(tmp_path):
    return save_tiny("gpt2", tmp_path / "base")


def stock(folder):
    return AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2).train(False)


def trained(base, kind):
    backbone = load_backbone(str(base), DETECTION)
    method = build_method({"kind": kind})
    model = method.prepare(backbone, seed=0).train(False)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape) * 0.1)
    return method, model


def test_answers_stay_and_no_other_kind_of_matrix_is_left(base):
    torch.manual_seed(0)
    model = stock(base)
    model.config.pad_token_id = 0
    before, keys = logits_of(model, BATCH), model.state_dict()
    with_plain_linears(model)
    assert not any(isinstance(module, Conv1D) for module in model.modules())
    assert isinstance(model.transformer.h[0].mlp.c_fc, nn.Linear)
    torch.testing.assert_close(logits_of(model, BATCH), before, atol=1e-6, rtol=1e-5)
    after = model.state_dict()
    assert after.keys() == keys.keys() and all(torch.equal(after[name], keys[name]) for name in keys)
    other = stock(base)
    with_plain_linears(other)
    other.load_state_dict({name: 2 * value for name, value in keys.items()})
    assert torch.equal(other.transformer.h[0].mlp.c_fc.weight, 2 * model.transformer.h[0].mlp.c_fc.weight)


def test_stock_transformers_loads_a_network_trained_in_full(base, tmp_path):
    method, model = trained(base, "full")
    method.save(model, tmp_path / "saved")
    np.testing.assert_allclose(
        logits_of(stock(tmp_path / "saved"), BATCH).detach(), logits_of(model, BATCH).detach(), atol=1e-6
    )


def test_stock_peft_loads_an_adapter(base, tmp_path):
    method, model = trained(base, "lora")
    method.save(model, tmp_path / "saved")
    plain = stock(base)
    plain.config.pad_token_id = 0
    with pytest.warns(UserWarning, match="Setting fan_in_fan_out to True"):
        loaded = PeftModel.from_pretrained(plain, tmp_path / "saved").train(False)
    np.testing.assert_allclose(logits_of(loaded, BATCH).detach(), logits_of(model, BATCH).detach(), atol=1e-6)
