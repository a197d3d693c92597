import pytest
import torch
from tests.tiny import FAMILIES, tiny_tokenizer
from transformers import AutoModel

from tain.core.example import LabelSet
from tain.methods import build_method
from tain.models import collate, load_backbone, logits_of

LABELS = LabelSet(("human", "ai"))
ROWS = [[2, 5, 6, 7, 3], [2, 8, 9, 3]]


@pytest.fixture(scope="module")
def base_without_pooler(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deberta")
    kind, sizes = FAMILIES["deberta-v3"]
    tokenizer = tiny_tokenizer()
    torch.manual_seed(0)
    AutoModel.from_config(kind(vocab_size=len(tokenizer), pad_token_id=0, **sizes)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def answer(model, backbone):
    with torch.no_grad():
        return logits_of(model.eval(), collate(ROWS, pad_id=backbone.tokenizer.pad_token_id))


def test_what_a_checkpoint_lacks_besides_the_head_is_the_same_for_every_seed(base_without_pooler):
    first, second = (load_backbone(base_without_pooler, LABELS, seed=seed).model for seed in (0, 5))
    assert torch.equal(first.pooler.dense.weight, second.pooler.dense.weight)
    assert not torch.equal(first.classifier.weight, second.classifier.weight)


@pytest.mark.parametrize("settings", [{"kind": "lora", "rank": 2}, {"kind": "head_only"}])
def test_a_training_with_another_seed_reloads_as_it_was(base_without_pooler, settings, tmp_path):
    backbone, method = load_backbone(base_without_pooler, LABELS, seed=5), build_method(settings)
    model = method.prepare(backbone, seed=5)
    before = answer(model, backbone)
    method.save(model, tmp_path)
    fresh = load_backbone(base_without_pooler, LABELS)
    assert torch.equal(answer(method.load(fresh, tmp_path), fresh), before)
