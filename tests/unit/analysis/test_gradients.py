"""Per-text gradients taken in batches are those of each text by itself, for every method that trains something."""

import numpy as np
import pytest
import torch
from tests.tiny import FAMILIES, save_tiny
from torch import nn

from tain.analysis.gradients.taking import GradientTaker, by_texts, layout
from tain.core.errors import MethodError
from tain.core.example import DETECTION
from tain.methods import build_method
from tain.methods.method import trainable
from tain.methods.registry import METHODS
from tain.models import collate, load_backbone

ROWS = [[2, 5, 6, 7, 3], [2, 8, 9, 10, 11, 12, 3], [2, 20, 21, 3], [2, 9, 3], [2, 30, 31, 32, 33, 34, 35, 3]]
TARGETS = torch.tensor([0, 1, 0, 1, 1])
WORDS = {
    "kind": "label_words", "rank": 2, "introduction": "w1 w2", "instruction": "w3 w4",
    "label_words": {"human": "w5", "ai": "w6"},
}  # fmt: skip
FORMS = {
    **{kind: {"kind": kind} for kind in METHODS if kind != "label_words"},
    "lora of embeddings": {"kind": "lora", "embeddings": True},
    "dora": {"kind": "lora", "dora": True},
}
TEXT_BY_TEXT = {"prompt_tuning", "loreft", "dora"}
"""What these train does not act through a layer that is called with one state for each text."""


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    root = tmp_path_factory.mktemp("bases")
    return {family: str(save_tiny(family, root / family)) for family in FAMILIES}


def taker_of(base, form):
    backbone, method = load_backbone(base, DETECTION), build_method(form)
    method.make_room(backbone)
    method.look_at(backbone, ROWS, TARGETS.tolist())
    model = method.prepare(backbone, seed=0).eval()
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in trainable(model).values():
            parameter.add_(0.05 * torch.randn_like(parameter))

    def objective(logits, targets):
        return len(targets) * method.loss(logits, targets, torch.ones_like(logits[:, 0]))

    return GradientTaker(model, list(trainable(model)), objective), collate(ROWS, pad_id=0)


def plain(taker, batch):
    """The slow loop, written as anyone would."""
    rows = []
    for index in range(len(TARGETS)):
        taker.model.zero_grad()
        n_tokens = int(batch["attention_mask"][index].sum())
        logits = taker.model(**{key: value[index : index + 1, :n_tokens] for key, value in batch.items()}).logits
        taker.objective(logits.float(), TARGETS[index : index + 1]).backward()
        rows.append([p.grad if p.grad is not None else torch.zeros_like(p) for p in taker.parameters.values()])
    return [torch.stack(found).flatten(1) for found in zip(*rows, strict=True)]


def assert_parity(taker, batch):
    expected = plain(taker, batch)
    found = torch.cat(taker.take(batch, TARGETS), dim=1)
    names = list(taker.parameters)
    order = [names.index(name) for block in taker.blocks for name in block.parameters]
    whole = torch.cat([expected[index] for index in order], dim=1)
    assert whole.abs().max() > 0
    torch.testing.assert_close(found, whole, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("family", ["bert", "llama"])
@pytest.mark.parametrize("form", FORMS)
def test_a_batch_gives_each_text_the_gradient_it_has_by_itself(bases, family, form):
    taker, batch = taker_of(bases[family], FORMS[form])
    way = taker.prove(batch, TARGETS)
    assert (way == "texts") == (form in TEXT_BY_TEXT)
    assert_parity(taker, batch)


def test_label_words_of_a_decoder_are_taken_in_batches(bases):
    taker, batch = taker_of(bases["llama"], WORDS)
    assert taker.prove(batch, TARGETS) == "layers"
    assert_parity(taker, batch)


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"bert", "llama"}))
def test_lora_on_any_family_is_taken_in_batches(bases, family):
    taker, batch = taker_of(bases[family], {"kind": "lora"})
    # DeBERTa calls its layers with relative positions too, which all texts share; mapped over texts it works.
    assert taker.prove(batch, TARGETS) == ("network" if family == "deberta-v3" else "layers")
    assert_parity(taker, batch)


def test_the_network_is_left_as_it_was(bases):
    taker, batch = taker_of(bases["bert"], {"kind": "lora"})
    before = {name: (p.requires_grad, p.clone()) for name, p in taker.model.named_parameters()}
    hooks = sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in taker.model.modules())
    taker.prove(batch, TARGETS)
    taker.take(batch, TARGETS)
    for name, parameter in taker.model.named_parameters():
        assert parameter.requires_grad == before[name][0] and torch.equal(parameter, before[name][1])
        assert parameter.grad is None
    assert hooks == sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in taker.model.modules())


def test_weight_and_bias_of_a_layer_share_a_block():
    numbers = {"a.lora_A.weight": torch.zeros(2, 3), "head.weight": torch.zeros(2, 4), "head.bias": torch.zeros(2)}
    blocks = layout({**numbers, "edit.rotation": torch.zeros(5)})
    assert [(block.name, block.n_parameters) for block in blocks] == [
        ("a.lora_A", 6), ("head", 10), ("edit.rotation", 5),
    ]  # fmt: skip


class Crossed(nn.Module):
    """Rows of a batch swap places: a batch cannot tell which text a state belongs to."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(3, 2)

    def forward(self, states, attention_mask=None):
        logits = self.inner(states.flip(0)).flip(0).mean(1)
        return type("Output", (), {"logits": logits})()


def test_a_way_that_gives_other_gradients_is_not_used():
    model = Crossed()
    taker = GradientTaker(model, ["inner.weight", "inner.bias"], lambda logits, y: nn.functional.cross_entropy(
        logits, y, reduction="sum"))  # fmt: skip
    inputs = {"states": torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))}
    assert taker.prove(inputs, TARGETS) == "network"
    expected = by_texts(model, taker.parameters, taker.objective, inputs, TARGETS)
    found = taker.take(inputs, TARGETS)[0]
    wanted = torch.cat([expected[name].flatten(1) for name in taker.parameters], dim=1)
    np.testing.assert_allclose(found.numpy(), wanted.detach().numpy(), rtol=1e-4, atol=1e-6)


def test_a_network_of_which_nothing_was_trained_is_refused():
    with pytest.raises(MethodError, match="Nothing of this network was trained"):
        GradientTaker(nn.Linear(2, 2), [], lambda logits, y: logits.sum())
    with pytest.raises(MethodError, match="has no parameter lora_A"):
        GradientTaker(nn.Linear(2, 2), ["lora_A"], lambda logits, y: logits.sum())
