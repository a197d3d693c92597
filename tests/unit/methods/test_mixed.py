"""Rows of many adapters in one pass get what each adapter says alone, merged into the network by peft."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tiny import save_tiny
from transformers import AutoModel

from tain.core.errors import MethodError
from tain.core.example import LabelSet
from tain.methods import build_method
from tain.methods.mixed.network import MixedNetwork
from tain.methods.mixed.reading import read_adapter
from tain.models import load_backbone
from tain.training.classifier import Classifier, save_classifier

KINDS = {
    "lora": {"kind": "lora", "rank": 4},
    "thin": {"kind": "lora", "rank": 1, "alpha": 3.0, "targets": "attention"},
    "rslora": {"kind": "lora", "rank": 6, "rslora": True, "targets": "mlp"},
    "dora": {"kind": "lora", "rank": 3, "dora": True},
    "words": {"kind": "lora", "rank": 2, "embeddings": True},
    "lora_fa": {"kind": "lora_fa", "rank": 2},
    "alora": {"kind": "alora", "rank": 2, "n_moves": 2},
    "kd_lora": {"kind": "kd_lora", "rank": 2},
}
LABELS = ("a", "b", "c", "d")
ROWS = st.lists(st.integers(4, 40), min_size=1, max_size=20).map(lambda ids: [2, *ids, 3])


def _headless(family, folder):
    """A base that brings no head of its own, so that adapters may have any number of labels."""
    save_tiny(family, folder)
    if family in ("bert", "roberta", "modernbert", "deberta-v3"):
        AutoModel.from_pretrained(folder).save_pretrained(folder)
    return folder


def _save(base, folder, method, n_labels, *, pooling="native", seed=0):
    backbone = load_backbone(str(base), LabelSet(LABELS[:n_labels]), pooling=pooling)
    way = build_method(method)
    model = way.prepare(backbone, seed=seed).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad or ".lora_A." in name:
                change = torch.randn(parameter.shape, generator=generator) * 0.2
                parameter.copy_(parameter + change if "magnitude" in name else change)
    classifier = Classifier(backbone, way, model, 64)
    save_classifier(classifier, folder, probe_rows=[[2, 5, 6, 7, 3]])
    return classifier.merge()


def _mixed(base, folder, methods, pooling="native"):
    merged = {
        name: _save(base, folder / name, method, 2 + i % 3, pooling=pooling, seed=i)
        for i, (name, method) in enumerate(methods.items())
    }
    backbone = load_backbone(str(base), LabelSet(LABELS[:2]), pooling=pooling)
    network = MixedNetwork(backbone)
    own = {name: read_adapter(folder / name, backbone, n_labels=len(each.labels)) for name, each in merged.items()}
    return network, own, merged


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    return _mixed(_headless("bert", folder / "base"), folder, KINDS)


@given(rows=st.lists(st.tuples(st.sampled_from(list(KINDS)), ROWS), min_size=1, max_size=12), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_mixture_gives_each_row_what_its_adapter_gives_alone_and_merged(bert, rows, data):
    network, own, merged = bert
    batch_tokens = data.draw(st.sampled_from([16, 64, 4096]))
    found = network.logits([(own[name], row) for name, row in rows], batch_tokens=batch_tokens)
    for (name, row), logits in zip(rows, found, strict=True):
        [alone] = network.logits([(own[name], row)])
        np.testing.assert_allclose(logits, alone, atol=1e-5)
        np.testing.assert_allclose(logits, merged[name].logits([row])[0], atol=1e-4)


@pytest.mark.parametrize(
    ("family", "pooling"),
    [("bert", "mean"), ("bert", "first"), ("roberta", "native"), ("modernbert", "native"), ("t5-encoder", "native"),
     ("llama", "native"), ("qwen", "last")],
)  # fmt: skip
def test_other_families_and_poolings_mix_too(tmp_path, family, pooling):
    methods = {name: KINDS[name] for name in ("lora", "thin", "words")}
    if family == "t5-encoder":
        methods.pop("words")  # its table is tied to another, which is not changed
    network, own, merged = _mixed(_headless(family, tmp_path / "base"), tmp_path, methods, pooling)
    rows = [(name, [2, *range(5, 5 + 3 * (i + 1)), 3]) for i, name in enumerate([*methods, *methods])]
    found = network.logits([(own[name], row) for name, row in rows])
    for (name, row), logits in zip(rows, found, strict=True):
        np.testing.assert_allclose(logits, merged[name].logits([row])[0], atol=1e-4)


def test_a_network_that_does_not_read_row_by_row_is_refused(tmp_path):
    network, own, _ = _mixed(_headless("deberta-v3", tmp_path / "base"), tmp_path, {"lora": KINDS["lora"]})
    with pytest.raises(MethodError, match="cannot be told apart"):
        network.logits([(own["lora"], [2, 5, 3]), (own["lora"], [2, 6, 3])])


def test_an_adapter_does_not_change_the_network(bert):
    network, own, _ = bert
    before = {name: value.clone() for name, value in network.backbone.model.state_dict().items()}
    network.logits([(adapter, [2, 5, 3]) for adapter in own.values()])
    assert all(torch.equal(value, before[name]) for name, value in network.backbone.model.state_dict().items())


def test_an_adapter_for_another_network_is_refused(bert, tmp_path):
    folder = tmp_path / "other"
    _save(_headless("roberta", tmp_path / "base"), folder, KINDS["lora"], 2)
    with pytest.raises(MethodError, match="no plain layer"):
        read_adapter(folder, bert[0].backbone, n_labels=2)
