import pytest
import torch
from tests.tiny import save_tiny

from tain.core.example import LabelSet
from tain.methods import build_method
from tain.methods.lora_fa import corrected
from tain.methods.method import trainable
from tain.models import PRESETS, collate, load_backbone, logits_of
from tain.training.activations import activation_bytes

LABELS = LabelSet(("human", "ai"))
ROWS = [[2, 5, 6, 7, 3], [2, 8, 9, 3], [2, 30, 31, 32, 33, 3], [2, 12, 40, 3]]
TARGETS = torch.tensor([0, 1, 0, 1])


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(save_tiny("bert", tmp_path_factory.mktemp("bert")))


def prepared(base, **settings):
    backbone = load_backbone(base, LABELS, seed=0)
    method = build_method({"rank": 3, **settings})
    return method, method.prepare(backbone, seed=0), backbone


def loss_of(model, backbone, rows=ROWS, targets=TARGETS):
    logits = logits_of(model, collate(rows, pad_id=backbone.tokenizer.pad_token_id))
    return torch.nn.functional.cross_entropy(logits, targets)


def steps(method, model, backbone, n=4):
    optimiser = method.optimiser(method.parameter_groups(model, lr=1e-2, head_lr=1e-2, weight_decay=0.0))
    for step in range(n):
        loss_of(model, backbone).backward()
        method.after_backward(model, step=step, n_steps=n)
        optimiser.step()
        optimiser.zero_grad()


def layers(model):
    from peft.tuners.lora import LoraLayer

    return [module for module in model.modules() if isinstance(module, LoraLayer)]


def test_a_stays_as_it_was_drawn_and_b_moves(base):
    method, model, backbone = prepared(base, kind="lora_fa")
    before = [layer.lora_A["default"].weight.clone() for layer in layers(model)]
    steps(method, model, backbone)
    assert all(torch.equal(a, layer.lora_A["default"].weight) for a, layer in zip(before, layers(model), strict=True))
    assert all(layer.lora_B["default"].weight.any() for layer in layers(model))


def test_a_is_the_same_as_loras_of_the_same_seed(base):
    _, ours, _ = prepared(base, kind="lora_fa")
    _, lora, _ = prepared(base, kind="lora")
    for a, b in zip(layers(ours), layers(lora), strict=True):
        assert torch.equal(a.lora_A["default"].weight, b.lora_A["default"].weight)


def test_the_change_of_a_weight_lies_in_the_row_space_of_a(base):
    method, model, backbone = prepared(base, kind="lora_fa")
    steps(method, model, backbone)
    for layer in layers(model):
        change, a = layer.get_delta_weight("default").double(), layer.lora_A["default"].weight.double()
        outside = torch.eye(a.shape[1], dtype=torch.float64) - torch.linalg.pinv(a) @ a
        assert (change @ outside).abs().max() < 1e-6
        assert torch.linalg.matrix_rank(change, tol=1e-6) <= 3


def test_the_correction_is_the_least_squares_solution():
    generator = torch.Generator().manual_seed(0)
    weight_gradient, a = torch.randn(7, 11, generator=generator), torch.randn(3, 11, generator=generator)
    scale = 1.7
    found = corrected(scale * weight_gradient @ a.T, a, scale=scale)
    direct = torch.linalg.lstsq(scale * a.T, weight_gradient.T).solution.T
    assert torch.allclose(found, direct, atol=1e-5)


def test_with_orthonormal_rows_the_correction_only_scales():
    a = torch.linalg.qr(torch.randn(11, 3, generator=torch.Generator().manual_seed(1)))[0].T
    gradient = torch.randn(7, 3, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(corrected(gradient, a, scale=2.0), gradient / 4, atol=1e-5)


def test_the_correction_is_switched_off_by_a_setting(base):
    method, model, backbone = prepared(base, kind="lora_fa", is_corrected=False)
    loss_of(model, backbone).backward()
    before = {name: p.grad.clone() for name, p in trainable(model).items()}
    method.after_backward(model, step=0, n_steps=1)
    assert all(torch.equal(p.grad, before[name]) for name, p in trainable(model).items())


def test_no_input_of_a_layer_is_kept_for_the_adapter(base):
    _, model, backbone = prepared(base, kind="lora_fa")
    _, lora, other = prepared(base, kind="lora")
    ours = activation_bytes(model, lambda: loss_of(model, backbone))
    theirs = activation_bytes(lora, lambda: loss_of(lora, other))
    assert ours < 0.8 * theirs


@pytest.mark.skipif("minilm" not in PRESETS, reason="the default backbone is not installed")
def test_on_minilm_at_most_65_hundredths_of_loras_activations_are_kept():
    rows = [[101, *range(2000, 2062), 102]] * 4
    kept = {}
    for kind in ("lora", "lora_fa"):
        _, model, backbone = prepared("minilm", kind=kind, rank=8)
        kept[kind] = activation_bytes(
            model, lambda model=model, backbone=backbone: loss_of(model, backbone, rows, TARGETS)
        )
    assert kept["lora_fa"] <= 0.65 * kept["lora"]
