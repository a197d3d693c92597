import pytest
import torch
from tests.tiny import FAMILIES, save_tiny

from tain.core.errors import ConfigError
from tain.core.example import LabelSet
from tain.models import collate, load_backbone, logits_of
from tain.models.dropout import set_dropout

LABELS = LabelSet(("human", "ai"))
ROWS = [[2, 5, 6, 7, 3], [2, 8, 9, 3]]
WITHOUT_HIDDEN = {"llama", "qwen"}


@pytest.fixture(scope="module", params=FAMILIES)
def backbone(request, tmp_path_factory):
    return load_backbone(str(save_tiny(request.param, tmp_path_factory.mktemp("base"))), LABELS), request.param


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
