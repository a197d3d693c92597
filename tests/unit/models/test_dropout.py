import pytest
import torch
from tests.tiny import FAMILIES, save_tiny

from tain.core.errors import ConfigError
from tain.core.example import LabelSet
from tain.models import collate, load_backbone, logits_of
from tain.models.dropout import copy_dropout, set_dropout

LABELS = LabelSet(("human", "ai"))
ROWS = [[2, 5, 6, 7, 3], [2, 8, 9, 3]]
WITHOUT_HIDDEN = {"llama", "qwen"}


@pytest.fixture(scope="module", params=FAMILIES)
def backbone(request, tmp_path_factory):
    return load_backbone(str(save_tiny(request.param, tmp_path_factory.mktemp("base"))), LABELS), request.param


def shares(model):
    parts = dict(model.named_modules())
    return [(name, getattr(part, "p", None), getattr(part, "attention_dropout", None)) for name, part in parts.items()]


def answers(backbone):
    with torch.no_grad():
        return logits_of(backbone.model, collate(ROWS, pad_id=backbone.tokenizer.pad_token_id))


@pytest.mark.parametrize("kind", ["attention", "hidden"])
def test_dropout_acts_in_training_and_only_there(backbone, kind):
    base, family = backbone
    if kind == "hidden" and family in WITHOUT_HIDDEN:
        with pytest.raises(ConfigError, match="has no such dropout"):
            set_dropout(base.model, hidden=0.5)
        return
    set_dropout(base.model, **{kind: 0.5})
    base.model.eval()
    still = answers(base)
    base.model.train()
    torch.manual_seed(0)
    assert not torch.equal(answers(base), still)
    set_dropout(base.model)
    assert torch.equal(answers(base), still)
    base.model.eval()


def test_a_copy_has_the_dropout_of_the_whole_network(backbone, tmp_path):
    base, family = backbone
    other = load_backbone(base.name, LABELS)
    set_dropout(base.model, attention=0.25, hidden=0.0 if family in WITHOUT_HIDDEN else 0.5)
    assert shares(other.model) != shares(base.model)
    copy_dropout(base.model, other.model)
    assert shares(other.model) == shares(base.model)
    set_dropout(base.model)
