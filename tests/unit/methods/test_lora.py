"""LoRA's steps beside peft's own, and what LoRA+ and DoRA are made of."""

import pytest
import torch
from tests.contract.test_methods import ROWS, TARGETS, batch_of, train_a_little
from tests.tiny import save_tiny

from tain.core.example import DETECTION
from tain.methods import build_method
from tain.methods.method import trainable
from tain.models import load_backbone, logits_of


@pytest.fixture(params=["bert", "llama"])
def base(request, tmp_path):
    return str(save_tiny(request.param, tmp_path / request.param))


def trained(base, *, n_steps, **settings):
    method = build_method({"kind": "lora", "rank": 3, "alpha": 6.0, **settings})
    backbone = load_backbone(base, DETECTION)
    model = method.prepare(backbone, seed=0)
    before = {name: parameter.detach().clone() for name, parameter in trainable(model).items()}
    train_a_little(method, model, backbone, n_steps=n_steps)
    return model, before


def weights(model):
    return {name: parameter.detach() for name, parameter in trainable(model).items()}


def stock(base, start, *, n_steps):
    """The same training by peft's own layers and torch's AdamW, from the same first weights."""
    from peft import LoraConfig, TaskType, get_peft_model

    backbone = load_backbone(base, DETECTION)
    linears = [name for name, module in backbone.model.named_modules() if isinstance(module, torch.nn.Linear)]
    targets = [name for name in linears if not name.startswith(backbone.head_name)]
    config = LoraConfig(
        task_type=TaskType.SEQ_CLS, r=3, lora_alpha=6, target_modules=targets, modules_to_save=[backbone.head_name]
    )
    model = get_peft_model(backbone.model, config)
    own = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert set(own) == set(start)
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(start[name])
    optimiser = torch.optim.AdamW(own.values(), lr=1e-2, weight_decay=0.0)
    for _ in range(n_steps):
        torch.nn.functional.cross_entropy(logits_of(model, batch_of(backbone, ROWS)), TARGETS).backward()
        optimiser.step()
        optimiser.zero_grad()
    return {name: parameter.detach() for name, parameter in own.items()}


def test_its_steps_are_those_of_peft(base):
    model, start = trained(base, n_steps=4)
    own, theirs = weights(model), stock(base, start, n_steps=4)
    for name in own:
        # AdamW divides by the size of a gradient, so that rounding of tiny ones is all there may be between the two.
        assert torch.allclose(own[name], theirs[name], atol=1e-4), name
    assert any(not torch.equal(own[name], start[name]) for name in own)


def test_lora_plus_takes_b_so_many_times_as_far_in_its_first_step(base):
    plain, start = trained(base, n_steps=1)
    plus, _ = trained(base, n_steps=1, lora_plus_ratio=16.0)
    own, other = weights(plain), weights(plus)
    moved = [name for name in own if ".lora_B." in name]
    assert moved
    for name in own:
        ratio = 16.0 if name in moved else 1.0
        assert torch.allclose(other[name] - start[name], ratio * (own[name] - start[name]), atol=1e-6), name


def test_dora_starts_with_the_length_of_each_row_and_its_merged_rows_have_the_trained_length(base):
    from peft.tuners.lora.layer import LoraLayer

    model, start = trained(base, n_steps=3, dora=True)
    layers = {name: module for name, module in model.named_modules() if isinstance(module, LoraLayer)}
    assert layers
    lengths = {}
    for name, layer in layers.items():
        frozen = layer.get_base_layer().weight.detach()
        length = layer.lora_magnitude_vector["default"].weight.detach().clone()
        assert torch.allclose(start[f"{name}.lora_magnitude_vector.default.weight"], frozen.norm(dim=1), rtol=1e-5)
        direction = frozen + layer.get_delta_weight("default").detach()
        lengths[name] = length, length[:, None] * direction / direction.norm(dim=1, keepdim=True)
    model.merge_adapter()
    for name, (length, expected) in lengths.items():
        merged = layers[name].get_base_layer().weight.detach()
        assert torch.allclose(merged, expected, atol=1e-5)
        assert torch.allclose(merged.norm(dim=1), length, rtol=1e-4)
