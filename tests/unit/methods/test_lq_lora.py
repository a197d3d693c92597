"""LQ-LoRA on a tiny network: what starts where, what stays, what is saved, and where bits go."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.tiny import save_tiny

from tain.core.errors import ConfigError, DetectorError, MethodError
from tain.core.example import LabelSet
from tain.methods import build_method
from tain.methods.lq_lora import FILE, quantised_layers
from tain.methods.quantised import Layout, bits_per_weight, dequantise, fisher, weight_bytes
from tain.methods.targets import target_linears
from tain.models import collate, load_backbone, logits_of

ROWS = [[2, 5, 6, 7, 3], [2, 8, 9, 3], [2, 30, 31, 32, 33, 3], [2, 12, 40, 3]]
TARGETS = [0, 1, 0, 1]
SMALL = {"kind": "lq_lora", "rank": 2, "targets": "attention"}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(save_tiny("bert", tmp_path_factory.mktemp("base") / "bert"))


def load(base, **more):
    return load_backbone(base, LabelSet(("human", "ai")), **more)


def prepared(base, *, look=True, **settings):
    backbone, method = load(base), build_method({**SMALL, **settings})
    if look:
        method.look_at(backbone, ROWS, TARGETS)
    return backbone, method, method.prepare(backbone, seed=0)


def weights(base):
    return {name: layer.weight.clone() for name, layer in target_linears(load(base), "attention").items()}


def gap(model, base):
    original = weights(base)
    return sum(float((layer.weight - original[name]).square().sum()) for name, layer in quantised_layers(model).items())


def batch(backbone):
    return collate(ROWS, pad_id=backbone.tokenizer.pad_token_id)


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_lq_starts_nearer_to_the_backbone_than_residual_and_that_than_zero(base, bits):
    gaps = [gap(prepared(base, bits=bits, init=init)[2], base) for init in ("lq", "residual", "zero")]
    assert gaps == sorted(gaps, reverse=False) and gaps[0] < gaps[2]


def test_the_adapter_is_the_low_rank_part_whatever_the_scale(base):
    first, second = (prepared(base, alpha=alpha, bits=3)[2] for alpha in (1.0, 32.0))
    for name, layer in quantised_layers(first).items():
        other = quantised_layers(second)[name]
        assert other.scaling == 32 * layer.scaling
        torch.testing.assert_close(layer.weight, other.weight, atol=1e-5, rtol=1e-4)


def test_zero_starts_as_qlora_does(base):
    for layer in quantised_layers(prepared(base, init="zero")[2]).values():
        assert not layer.lora_B.any()
        assert 0.5 / 4 < layer.lora_A.abs().max() <= 1 / 4  # 1 / sqrt(16)
        assert torch.equal(layer.weight, dequantise(layer.packed))


def test_q_is_the_same_after_training_and_only_adapters_and_head_have_moved(base):
    backbone, method, model = prepared(base, bits=3)
    q = {name: dequantise(layer.packed) for name, layer in quantised_layers(model).items()}
    optimiser = method.optimiser(method.parameter_groups(model, lr=0.1, head_lr=0.1, weight_decay=0.1))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for _ in range(3):
        logits_of(model, batch(backbone)).square().sum().backward()
        optimiser.step()
    assert all(torch.equal(dequantise(layer.packed), q[name]) for name, layer in quantised_layers(model).items())
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert {name.rpartition(".")[2] for name in moved if "classifier" not in name} == {"lora_A", "lora_B"}


def test_layers_with_a_bias_keep_it(base):
    _, _, model = prepared(base)
    biases = {name: layer.bias for name, layer in target_linears(load(base), "attention").items()}
    layers = quantised_layers(model)
    assert layers and all(torch.equal(layer.bias, biases[name]) for name, layer in layers.items())
    assert not any(layer.bias.requires_grad for layer in layers.values())


def test_a_budget_is_kept_and_spent(base):
    for bits in (2.5, 3.5, 5.0):
        _, _, model = prepared(base, bits=bits, n_layouts=6, rank=0)
        layers = quantised_layers(model).values()
        n_weights = sum(layer.in_features * layer.out_features for layer in layers)
        used = 8 * sum(layer.packed.n_bytes for layer in layers) / n_weights
        assert bits - 0.5 < used <= bits


def test_a_budget_is_never_worse_than_the_same_bits_everywhere(base):
    uniform = prepared(base, bits=3, rank=0)[2]
    layers = quantised_layers(uniform).values()
    n_weights = sum(layer.in_features * layer.out_features for layer in layers)
    same = 8 * sum(layer.packed.n_bytes for layer in layers) / n_weights + 1e-9
    assert gap(prepared(base, bits=same, rank=0, n_layouts=4)[2], base) <= gap(uniform, base) * (1 + 1e-6)


def test_the_error_at_the_start_is_told(base):
    dense = weights(base)
    assert build_method(SMALL).error is None
    _, method, model = prepared(base, bits=3)
    layers = quantised_layers(model)
    lost = sum(float((dense[name] - layer.weight).square().sum()) for name, layer in layers.items())
    whole = sum(float(weight.square().sum()) for weight in dense.values())
    assert method.error == pytest.approx((lost / whole) ** 0.5)


def test_bytes_and_bits_are_those_of_what_is_stored(base):
    _, _, model = prepared(base, bits=3, block=16, group=16)
    layers = quantised_layers(model).values()
    n_weights = sum(layer.in_features * layer.out_features for layer in layers)
    stored = sum(layer.layout.stored_bytes(layer.in_features * layer.out_features) for layer in layers)
    assert bits_per_weight(model) == pytest.approx(8 * stored / n_weights)
    n_plain = sum(p.numel() for p in load(base).model.parameters()) - n_weights
    n_thin = sum(2 * (layer.in_features + layer.out_features) for layer in layers)
    assert weight_bytes(model) == stored + 4 * (n_plain + n_thin)
    assert bits_per_weight(load(base).model) is None
    assert weight_bytes(load(base).model) == 4 * (n_plain + n_weights)


def test_a_budget_too_small_is_refused(base):
    with pytest.raises(MethodError, match="cannot be met"):
        prepared(base, bits=2.01, n_layouts=2)


def test_whole_numbers_mean_that_layout_everywhere(base):
    layouts = {layer.layout for layer in quantised_layers(prepared(base, bits=2, block=32, group=16)[2]).values()}
    assert layouts == {Layout(2, 8, "float32", 32, 16)}


def test_importance_is_learned_and_moves_the_decomposition(base):
    _, _, plain = prepared(base, bits=2)
    _, _, aware = prepared(base, bits=2, data_aware=True)
    importance = fisher(load(base), target_linears(load(base), "attention"), [], [])
    assert not any(each.any() for each in importance.values())
    pairs = zip(quantised_layers(plain).values(), quantised_layers(aware).values(), strict=True)
    assert any(not torch.equal(one.weight, other.weight) for one, other in pairs)


def test_weighted_starts_beat_unweighted_ones_in_the_weighted_norm(base):
    backbone = load(base)
    importance = fisher(backbone, target_linears(backbone, "attention"), ROWS, TARGETS)
    original = weights(base)

    def norm(model):
        layers = quantised_layers(model).items()
        return sum(float((importance[name] * (layer.weight - original[name]).square()).sum()) for name, layer in layers)

    assert norm(prepared(base, bits=2, data_aware=True)[2]) < norm(prepared(base, bits=2)[2])


def test_importance_without_texts_is_refused(base):
    with pytest.raises(MethodError, match="data_aware is true, but no text was looked at"):
        prepared(base, look=False, data_aware=True)


def test_fisher_is_the_sum_of_squared_gradients_and_leaves_the_backbone_alone(base):
    backbone = load(base)
    layers = target_linears(backbone, ("query",))
    before = logits_of(backbone.model, batch(backbone))
    found = fisher(backbone, layers, ROWS, TARGETS)
    name, layer = next(iter(layers.items()))
    assert not any(parameter.requires_grad for parameter in backbone.model.parameters())
    assert torch.equal(logits_of(backbone.model, batch(backbone)), before)
    layer.weight.requires_grad_()
    expected = torch.zeros_like(layer.weight)
    for row, target in zip(ROWS, TARGETS, strict=True):
        loss = torch.nn.functional.cross_entropy(
            logits_of(backbone.model, collate([row], pad_id=0)), torch.tensor([target])
        )
        expected += torch.autograd.grad(loss, layer.weight)[0] ** 2
    torch.testing.assert_close(found[name], expected)


def test_without_labels_classes_are_weighed_by_their_probabilities(base):
    backbone = load(base)
    layers = target_linears(backbone, ("query",))
    name = next(iter(layers))
    by_class = [fisher(backbone, layers, ROWS[:1], [label])[name] for label in (0, 1)]
    shares = logits_of(backbone.model, collate(ROWS[:1], pad_id=0))[0].softmax(0).tolist()
    expected = shares[0] * by_class[0] + shares[1] * by_class[1]
    torch.testing.assert_close(fisher(backbone, layers, ROWS[:1])[name], expected)


def test_state_puts_q_back_to_the_bit(base):
    _, method, model = prepared(base, bits=3)
    state = {name: value.clone() for name, value in method.state(model).items()}
    expected = {name: layer.weight for name, layer in quantised_layers(model).items()}
    _, other, restored = prepared(base, bits=2)
    other.restore(restored, state)
    for name, layer in quantised_layers(restored).items():
        assert layer.layout == Layout(3)
        assert torch.equal(dequantise(layer.packed), dequantise(quantised_layers(model)[name].packed))
    assert expected


def test_adapters_alone_are_not_enough_and_q_is_in_the_file(base, tmp_path):
    _, method, model = prepared(base, bits=3)
    method.save(model, tmp_path)
    stored = load_file(tmp_path / FILE)
    n_bytes = sum(value.nbytes for name, value in stored.items() if value.dtype == torch.uint8)
    assert n_bytes == sum(layer.packed.n_bytes for layer in quantised_layers(model).values())
    only = {name: value for name, value in stored.items() if value.dtype == torch.float32}
    save_file(only, tmp_path / FILE)
    with pytest.raises(DetectorError, match="codes, scales, constants, offset, layout missing"):
        build_method({**SMALL, "bits": 3}).load(load(base), tmp_path)


def test_a_file_of_another_base_or_rank_or_without_its_head_is_refused(base, tmp_path):
    _, method, model = prepared(base, bits=3)
    method.save(model, tmp_path)
    with pytest.raises(DetectorError, match=r"A and B have shapes \(2, 16\) and \(16, 2\) at rank 3"):
        build_method({**SMALL, "rank": 3}).load(load(base), tmp_path)
    with pytest.raises(DetectorError, match="is unknown|missing"):
        build_method({**SMALL, "targets": "mlp"}).load(load(base), tmp_path)
    stored = load_file(tmp_path / FILE)
    save_file({name: value for name, value in stored.items() if "classifier" not in name}, tmp_path / FILE)
    with pytest.raises(DetectorError, match="classifier.weight is missing"):
        method.load(load(base), tmp_path)
    (tmp_path / FILE).write_bytes(b"no tensors")
    with pytest.raises(DetectorError, match="cannot be read as safetensors"):
        method.load(load(base), tmp_path)


def test_what_is_loaded_can_be_saved_again(base, tmp_path):
    _, method, model = prepared(base, bits=3)
    method.save(model, tmp_path)
    shutil.copy(tmp_path / FILE, tmp_path / "first")
    fresh = build_method({**SMALL, "bits": 3})
    fresh.save(fresh.load(load(base, seed=9), tmp_path), tmp_path)
    first, second = load_file(tmp_path / "first"), load_file(tmp_path / FILE)
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_a_merged_model_is_plain_and_holds_q_and_the_adapter_once(base):
    _, method, model = prepared(base, bits=3)
    merged = method.merge(model)
    assert not quantised_layers(merged)
    plain = dict(merged.named_modules())
    for name, layer in quantised_layers(model).items():
        expected = dequantise(layer.packed) + layer.scaling * layer.lora_B @ layer.lora_A
        assert type(plain[name]) is torch.nn.Linear
        torch.testing.assert_close(plain[name].weight, expected)


@pytest.mark.parametrize("bits", [1.0, 10.0, "many"])
def test_bits_that_no_layout_has_are_refused(bits):
    with pytest.raises(ConfigError, match="method.bits is"):
        build_method({**SMALL, "bits": bits})
