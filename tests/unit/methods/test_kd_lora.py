"""KD-LoRA's student: some layers of a base, or another base, with LoRA and a head that train."""

import json

import pytest
import torch
from tests.tiny import FAMILIES, save_tiny, tiny_tokenizer
from transformers import AutoModelForSequenceClassification, BertConfig, DistilBertConfig

from tain.core.errors import ConfigError, DetectorError, MethodError
from tain.core.example import LabelSet
from tain.methods import build_method
from tain.methods.method import is_head, trainable
from tain.models import collate, load_backbone, logits_of
from tain.training.classifier import Classifier, load_classifier, save_classifier

LABELS = LabelSet(("human", "ai"))
ROWS = [[2, 5, 6, 7, 3], [2, 8, 9, 3], [2, 30, 31, 32, 33, 3]]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    made = {}

    def path(family):
        if family not in made:
            made[family] = str(save_tiny(family, tmp_path_factory.mktemp("bases") / family))
        return made[family]

    return path


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    """A BERT of five layers."""
    folder = tmp_path_factory.mktemp("bases") / "deep"
    sizes = {"hidden_size": 16, "num_hidden_layers": 5, "num_attention_heads": 2, "intermediate_size": 32}
    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(tiny_tokenizer()), max_position_embeddings=64, initializer_range=0.2, **sizes)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return str(folder)


def student(layers=None, **settings):
    return build_method({"kind": "kd_lora", "rank": 2, "layers": layers, **settings})


def answer(model, rows=ROWS):
    with torch.no_grad():
        return logits_of(model.eval(), collate(rows, pad_id=0))


def disturb(model):
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in trainable(model).values():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return model


def test_the_student_has_the_named_layers_of_the_base_in_their_order(deep):
    whole = load_backbone(deep, LABELS).model.bert.encoder.layer
    backbone = load_backbone(deep, LABELS)
    model = student([0, 2, 4]).prepare(backbone, seed=0)
    kept = model.base_model.model.bert.encoder.layer
    assert len(kept) == backbone.model.config.num_hidden_layers == 3
    for own, layer in zip(kept, (0, 2, 4), strict=True):
        assert torch.equal(own.attention.self.query.base_layer.weight, whole[layer].attention.self.query.weight)


def test_it_starts_as_the_layers_alone_would_answer(deep):
    cut = load_backbone(deep, LABELS)
    cut.model.bert.encoder.layer = torch.nn.ModuleList(cut.model.bert.encoder.layer[i] for i in (1, 3))
    prepared = student([1, 3]).prepare(load_backbone(deep, LABELS), seed=0)
    assert torch.equal(answer(prepared), answer(cut.model))


@pytest.mark.parametrize("family", FAMILIES)
def test_merged_it_is_a_plain_model_of_the_smaller_configuration(family, tiny, tmp_path):
    layer = 0 if family in ("modernbert", "t5-encoder") else 1
    backbone = load_backbone(tiny(family), LABELS)
    method = student([layer])
    model = disturb(method.prepare(backbone, seed=0))
    expected = answer(model)
    merged = method.merge(model)
    merged.save_pretrained(tmp_path)
    plain = type(merged).from_pretrained(tmp_path)
    assert plain.config.num_hidden_layers == 1
    torch.testing.assert_close(answer(plain), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", ["modernbert", "t5-encoder"])
def test_a_first_layer_with_parts_of_its_own_has_to_stay(family, tiny):
    with pytest.raises(MethodError, match=r"method.layers is \[1\].*keep layer 0"):
        student([1]).prepare(load_backbone(tiny(family), LABELS), seed=0)


def test_layers_that_are_not_there_are_told(deep):
    with pytest.raises(MethodError, match="names layer 5, but .* has 5. Expected numbers from 0 to 4"):
        student([0, 5]).prepare(load_backbone(deep, LABELS), seed=0)


@pytest.mark.parametrize("layers", [[2, 0], [0, 0], [-1, 2]])
def test_layers_out_of_order_are_told(layers):
    with pytest.raises(ConfigError, match="method.layers is .* each once and rising"):
        student(layers)


def test_no_layers_at_all_are_told():
    with pytest.raises(ConfigError, match="method.layers"):
        student([])


def test_the_count_leaves_out_the_layers_that_the_student_lacks(deep):
    for settings in ({}, {"dora": True}, {"targets": "attention"}, {"embeddings": True}):
        backbone = load_backbone(deep, LABELS)
        method = student([0, 4], **settings)
        expected = method.n_trainable(backbone)
        model = method.prepare(backbone, seed=0)
        assert sum(p.numel() for p in trainable(model).values()) == expected


def test_a_whole_student_is_lora_bit_for_bit(deep):
    def trained(method):
        backbone = load_backbone(deep, LABELS)
        model = method.prepare(backbone, seed=3)
        optimiser = method.optimiser(method.parameter_groups(model, lr=1e-2, head_lr=1e-2, weight_decay=0.0))
        for _ in range(3):
            logits = logits_of(model, collate(ROWS, pad_id=0))
            method.loss(logits, torch.tensor([0, 1, 0]), torch.ones(3)).backward()
            optimiser.step()
            optimiser.zero_grad()
        return trainable(model)

    lora, kd_lora = trained(build_method({"kind": "lora", "rank": 2})), trained(student())
    assert list(lora) == list(kd_lora)
    assert all(torch.equal(lora[name], kd_lora[name]) for name in lora)


@pytest.mark.parametrize("layers", [None, [0, 2]])
def test_the_head_trains(layers, deep):
    # In the released code everything but LoRA's matrices is frozen, the head as it was drawn included.
    model = student(layers).prepare(load_backbone(deep, LABELS), seed=0)
    heads = [name for name in trainable(model) if is_head(name)]
    assert len(heads) == 2
    logits_of(model, collate(ROWS, pad_id=0)).sum().backward()
    assert all(parameter.grad is not None for parameter in trainable(model).values())


def test_the_layers_to_change_are_found_in_a_student_of_another_family(tmp_path):
    # The released code asks for `query` and `value`, which DistilBERT calls q_lin and v_lin.
    config = DistilBertConfig(vocab_size=len(tiny_tokenizer()), dim=16, n_layers=3, n_heads=2, hidden_dim=32)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    method = student([0, 2], targets="attention")
    model = method.prepare(load_backbone(str(tmp_path), LABELS), seed=0)
    changed = {name.split(".lora_")[0].rsplit(".", 1)[-1] for name in trainable(model) if ".lora_" in name}
    assert changed == {"q_lin", "k_lin", "v_lin", "out_lin"}
    with pytest.raises(MethodError, match="'q_lin'"):
        student(targets=["query", "value"]).prepare(load_backbone(str(tmp_path), LABELS), seed=0)


def test_a_classifier_of_some_layers_is_saved_loaded_and_merged(deep, tmp_path):
    backbone = load_backbone(deep, LABELS, pooling="mean")
    method = student([0, 3])
    classifier = Classifier(backbone, method, disturb(method.prepare(backbone, seed=0)).eval(), 32)
    save_classifier(classifier, tmp_path / "model", probe_rows=ROWS)
    # Stock peft would put such an adapter beside the wrong layers.
    assert not (tmp_path / "model" / "adapter_config.json").exists() and not method.saves_peft
    loaded = load_classifier(tmp_path / "model")
    assert (loaded.logits(ROWS) == classifier.logits(ROWS)).all()
    assert abs(loaded.merge().logits(ROWS) - classifier.logits(ROWS)).max() < 1e-5
    assert json.loads((tmp_path / "model" / "classifier.json").read_text())["method"]["layers"] == [0, 3]


def test_a_student_does_not_load_into_other_layers(deep, tmp_path):
    method = student([0, 3])
    method.save(method.prepare(load_backbone(deep, LABELS), seed=0), tmp_path)
    with pytest.raises(DetectorError, match="is missing"):
        student([0, 2, 4]).load(load_backbone(deep, LABELS), tmp_path)


def test_a_whole_student_is_a_folder_of_peft(deep, tmp_path):
    method = student()
    method.save(method.prepare(load_backbone(deep, LABELS), seed=0), tmp_path)
    assert method.saves_peft and method.starts_at_base
    assert (tmp_path / "adapter_config.json").is_file()
