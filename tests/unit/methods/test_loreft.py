"""The edit itself, where it falls, and that its rotation is what it was."""

import threading
from copy import deepcopy

import pytest
import torch
from tests.contract.test_methods import train_a_little
from tests.tiny import FAMILIES, save_tiny

from tain.core.errors import ConfigError, MethodError
from tain.core.example import DETECTION
from tain.methods import build_method
from tain.methods.loreft import Edit, edited_places
from tain.methods.method import trainable
from tain.models import collate, load_backbone, logits_of

ROWS = [[2, 5, 6, 7, 3], [2, 8, 3], [2, 30, 31, 32, 33, 34, 3]]
VARIANTS = ("loreft", "noreft", "direft")


@pytest.fixture(scope="session")
def bases(tmp_path_factory):
    return {family: str(save_tiny(family, tmp_path_factory.mktemp("bases") / family)) for family in FAMILIES}


def prepared(base, **settings):
    backbone = load_backbone(base, DETECTION)
    method = build_method({"kind": "loreft", **settings})
    return method, backbone, method.prepare(backbone, seed=0)


def answer(model, rows=ROWS):
    with torch.no_grad():
        return logits_of(model.eval(), collate(rows, pad_id=0))


def edit(variant="loreft", *, rank=3, zero_init=False, width=16):
    made = Edit(rank=rank, width=width, variant=variant, dropout=0.0)
    made.draw(torch.Generator().manual_seed(0), zero_init=zero_init)
    return made


def is_orthonormal(rows):
    return torch.allclose(rows @ rows.T, torch.eye(len(rows)), atol=1e-6)


def test_each_variant_is_its_equation():
    states = torch.randn(7, 16)
    for variant in VARIANTS:
        made = edit(variant)
        r, w, b = made.subspace(), made.source, made.bias
        own = 0 if variant == "direft" else states @ r.T
        assert torch.allclose(made(states), (states @ w.T + b - own) @ r, atol=1e-5), variant
        assert is_orthonormal(r) == (variant == "loreft")


def test_rows_stay_orthonormal_after_each_step(bases):
    method, _, model = prepared(bases["bert"], rank=3)
    optimiser = method.optimiser(method.parameter_groups(model, lr=0.1, head_lr=0.1, weight_decay=0.1))
    before = [made.subspace().detach() for made in model.bert.edits]
    for _ in range(20):
        logits_of(model, collate(ROWS, pad_id=0)).square().sum().backward()
        optimiser.step()
        optimiser.zero_grad()
        assert all(is_orthonormal(made.subspace()) for made in model.bert.edits)
    assert all((made.subspace() - r).abs().max() > 0.1 for made, r in zip(model.bert.edits, before, strict=True))


def test_an_average_of_weights_is_a_rotation_too():
    first, second = edit(), edit()
    second.draw(torch.Generator().manual_seed(1), zero_init=False)
    with torch.no_grad():
        first.rotation.add_(second.rotation).div_(2)
    assert is_orthonormal(first.subspace())


def test_orthonormal_rows_are_taken_as_they_are_and_signs_do_not_jump():
    made = edit()
    assert torch.allclose(made.subspace(), made.rotation, atol=1e-6)
    with torch.no_grad():
        made.rotation[0, 0] = 1e-3
        above = made.subspace().clone()
        made.rotation[0, 0] = -1e-3
    assert (made.subspace() - above).abs().max() < 0.01


@pytest.mark.parametrize("variant", ["loreft", "noreft"])
def test_w_equal_to_r_and_no_bias_changes_nothing(variant):
    made = edit(variant)
    with torch.no_grad():
        made.source.copy_(made.subspace())
        made.bias.zero_()
    assert torch.equal(made(torch.randn(5, 16)), torch.zeros(5, 16))


def test_the_edit_lies_in_the_span_of_r():
    for variant in VARIANTS:
        made = edit(variant)
        change, rows = made(torch.randn(9, 16)), made.subspace()
        inside = change @ torch.linalg.pinv(rows) @ rows
        assert change.abs().max() > 0.1
        assert torch.allclose(inside, change, atol=1e-5)


def test_after_the_edit_the_state_reads_in_the_subspace_as_w_says():
    states, made = torch.randn(4, 16), edit()
    edited = states + made(states)
    assert torch.allclose(edited @ made.subspace().T, states @ made.source.T + made.bias, atol=1e-5)


def test_edits_fall_on_the_first_and_last_real_tokens_once_each():
    mask = torch.tensor([[1, 1, 1, 1, 1, 0], [1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 1, 1]])  # the last is padded on the left

    def places(first, last):
        return [tuple(pair) for pair in torch.stack(edited_places(mask, first=first, last=last), 1).tolist()]

    assert places(1, 0) == [(0, 0), (1, 0), (2, 2)]
    assert places(0, 1) == [(0, 4), (1, 1), (2, 5)]
    assert places(3, 2) == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0), (1, 1), (2, 2), (2, 3), (2, 4), (2, 5)]


@pytest.mark.parametrize("family", FAMILIES)
def test_behind_a_layer_only_the_chosen_states_differ(bases, family):
    _, _, model = prepared(bases[family], layers=[0], first=1, last=1)
    network, made = model.base_model.network, model.base_model.edits[0]
    layer = next(m for m in network.modules() if any(h.__self__ is made for h in m._forward_hooks.values()))
    seen = []
    # Hooks run in the order they were set: the first sees a layer's output before the edit.
    before = layer.register_forward_hook(lambda m, a, output: seen.append(output), prepend=True)
    after = layer.register_forward_hook(lambda m, a, output: seen.append(output))
    answer(model)
    before.remove(), after.remove()
    plain, edited = (output[0] if isinstance(output, tuple) else output for output in seen)
    chosen = torch.zeros(3, 7, dtype=torch.bool)
    for text, row in enumerate(ROWS):
        chosen[text, [0, len(row) - 1]] = True
    assert torch.equal(edited[~chosen], plain[~chosen])
    with torch.no_grad():
        assert torch.equal(edited[chosen], plain[chosen] + made(plain[chosen]))
    assert (edited[chosen] != plain[chosen]).any(dim=1).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_without_hooks_it_is_the_base(bases, family):
    base = load_backbone(bases[family], DETECTION)
    expected = answer(base.model)
    _, _, model = prepared(bases[family])
    assert not torch.equal(answer(model), expected)
    with torch.no_grad():
        batch = collate(ROWS, pad_id=0)
        alone = model.base_model.network(**batch).last_hidden_state
        assert torch.equal(alone, base.model.base_model(**batch).last_hidden_state)
    for module in model.modules():
        module._forward_hooks.clear()
    assert torch.equal(answer(model), expected)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("family", ["bert", "llama"])
def test_zero_init_starts_at_the_base_and_learns(bases, family, variant):
    expected = answer(load_backbone(bases[family], DETECTION).model)
    method, backbone, model = prepared(bases[family], variant=variant, zero_init=True, rank=2)
    assert torch.equal(answer(model), expected)
    rows = [[2, 5, 6, 7, 3], [2, 8, 9, 3], [2, 30, 31, 3], [2, 12, 40, 3]]
    before = answer(model, rows)
    train_a_little(method, model, backbone)
    assert not torch.equal(answer(model, rows), before)


def test_only_edits_and_the_head_get_gradients(bases):
    _, _, model = prepared(bases["bert"], rank=2)
    logits_of(model, collate(ROWS, pad_id=0)).square().sum().backward()
    with_gradients = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    edits = {f"bert.edits.{i}.{name}" for i in range(2) for name in ("rotation", "source", "bias")}
    assert with_gradients == {*edits, "classifier.weight", "classifier.bias"} == set(trainable(model))


def test_chosen_layers_alone_are_edited(bases):
    method, _, model = prepared(bases["bert"], layers=[1], rank=2)
    assert len(model.bert.edits) == 1
    hooked = [layer for layer in model.bert.network.encoder.layer if layer._forward_hooks]
    assert hooked == [model.bert.network.encoder.layer[1]]
    assert method.n_trainable(load_backbone(bases["bert"], DETECTION)) == 2 * (2 * 16 + 1) + 16 * 2 + 2


def test_a_rotation_survives_save_and_load_to_the_bit(bases, tmp_path):
    method, backbone, model = prepared(bases["bert"], rank=4)
    train_a_little(method, model, backbone)
    method.save(model, tmp_path)
    loaded = method.load(load_backbone(bases["bert"], DETECTION, seed=9), tmp_path)
    for mine, theirs in zip(model.bert.edits, loaded.bert.edits, strict=True):
        assert torch.equal(mine.subspace(), theirs.subspace())
    assert torch.equal(answer(loaded), answer(model))


def test_a_copy_has_edits_of_its_own(bases):
    _, _, model = prepared(bases["bert"])
    before, copy = answer(model), deepcopy(model)
    assert torch.equal(answer(copy), before)
    with torch.no_grad():
        copy.bert.edits[0].bias.add_(1.0)
    assert not torch.equal(answer(copy), before)
    assert torch.equal(answer(model), before)


def test_two_threads_edit_their_own_batches(bases):
    _, _, model = prepared(bases["bert"], first=2)
    batches = [ROWS[:1] * 40, ROWS[2:] * 30]
    expected, wrong = [answer(model, rows) for rows in batches], []

    def work(index):
        for _ in range(10):
            if not torch.equal(answer(model, batches[index]), expected[index]):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_dropout_falls_on_the_edit_alone():
    made = Edit(rank=2, width=16, variant="loreft", dropout=0.5)
    made.draw(torch.Generator().manual_seed(0), zero_init=False)
    states = torch.randn(50, 16)
    full, kept = made.eval()(states), made.train()(states)
    is_dropped = kept == 0
    assert 0.4 < is_dropped.float().mean() < 0.6
    assert torch.allclose(kept[~is_dropped], 2 * full[~is_dropped])


def test_an_edit_is_made_in_float32_and_given_in_the_type_of_the_states():
    made, states = edit(), torch.randn(5, 16)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(made(states), made(states.clone()))
        change = made(states)
    assert change.dtype == torch.float32
    assert torch.equal(change, made(states))
    assert made(states.bfloat16()).dtype == torch.bfloat16


def test_what_cannot_be_is_named(bases):
    with pytest.raises(ConfigError, match="first and last are both 0"):
        build_method({"kind": "loreft", "first": 0})
    with pytest.raises(ConfigError, match="names a layer twice"):
        build_method({"kind": "loreft", "layers": [1, 1]})
    with pytest.raises(ConfigError, match="method.variant is 'lora'"):
        build_method({"kind": "loreft", "variant": "lora"})
    with pytest.raises(MethodError, match="names 7, but the layers of .* are 0 to 1"):
        prepared(bases["bert"], layers=[0, 7])
    with pytest.raises(MethodError, match="rank is 17, but the states of .* have 16 numbers"):
        prepared(bases["bert"], rank=17)


def test_a_network_that_keeps_its_layers_in_no_list_is_named(bases):
    backbone = load_backbone(bases["bert"], DETECTION)
    backbone.model.config.num_hidden_layers = 5
    with pytest.raises(MethodError, match="BertForSequenceClassification keeps its 5 layers in no list"):
        build_method({"kind": "loreft"}).prepare(backbone, seed=0)


def test_edits_are_not_merged(bases):
    method, _, model = prepared(bases["bert"])
    with pytest.raises(MethodError, match="cannot be merged"):
        method.merge(model)
