import pytest
import torch
from tests.tiny import FAMILIES, save_tiny

from tain.core.example import LabelSet
from tain.methods import build_method
from tain.methods.method import trainable
from tain.models import collate, load_backbone, logits_of

LABELS = LabelSet(("human", "ai"))
ROWS = [[2, 5, 6, 7, 3], [2, 8, 9, 3]]


@pytest.mark.parametrize("pooling", ["native", "mean", "last"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_weight_that_trains_reaches_the_answer(family, pooling, tmp_path):
    backbone = load_backbone(str(save_tiny(family, tmp_path)), LABELS, pooling=pooling)
    model = build_method({"kind": "lora", "rank": 2}).prepare(backbone, seed=0)
    for name, parameter in model.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(parameter)  # at zero it would keep every gradient from A
    logits_of(model, collate(ROWS, pad_id=backbone.tokenizer.pad_token_id)).square().sum().backward()
    assert not [name for name, parameter in trainable(model).items() if parameter.grad is None]
