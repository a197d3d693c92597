"""What GaLore and GradNormLoRP promise alike, on a tiny encoder."""

import pytest
import torch
from tests.contract.test_methods import answer, batch_of, train_a_little
from tests.tiny import save_tiny_encoder

from tain.core.errors import ConfigError, DetectorError, MethodError
from tain.core.example import DETECTION
from tain.methods import build_method
from tain.methods.method import is_head, trainable
from tain.models import load_backbone, logits_of
from tain.training.checkpoint import Progress, TrainingState, checkpoints, load_checkpoint, save_checkpoint
from tain.training.optimiser_bytes import optimiser_bytes

KINDS = ["galore", "grad_norm_lorp"]
MOMENTS = ["float32", "8bit"]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(save_tiny_encoder(tmp_path_factory.mktemp("base")))


def started(base, kind, **settings):
    backbone = load_backbone(base, DETECTION)
    method = build_method({"kind": kind, "rank": 3, "update_gap": 2, **settings})
    model = method.prepare(backbone, seed=0)
    return backbone, model, method.optimiser(method.parameter_groups(model, lr=1e-2, head_lr=1e-3, weight_decay=0.1))


def step(backbone, model, optimiser):
    logits = logits_of(model, batch_of(backbone))
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 0, 1])).backward()
    optimiser.step()
    optimiser.zero_grad()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moments", MOMENTS)
@pytest.mark.parametrize("killed_after", [1, 2])  # before and at a new basis
def test_a_training_that_was_killed_goes_on_bit_by_bit(base, tmp_path, kind, moments, killed_after):
    backbone, model, optimiser = started(base, kind, moments=moments)
    for _ in range(killed_after):
        step(backbone, model, optimiser)
    save_checkpoint(tmp_path, model, optimiser, TrainingState(Progress(step=killed_after)), keep=1)
    for _ in range(3):
        step(backbone, model, optimiser)

    other_backbone, other, its_optimiser = started(base, kind, moments=moments)
    load_checkpoint(checkpoints(tmp_path)[-1], other, its_optimiser)
    for _ in range(3):
        step(other_backbone, other, its_optimiser)
    found, expected = trainable(other), trainable(model)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    for name, parameter in expected.items():
        state = optimiser.state[parameter]
        assert all(torch.equal(its_optimiser.state[found[name]][key], value) for key, value in state.items())


@pytest.mark.parametrize("kind", KINDS)
def test_only_matrices_of_targets_and_the_head_train(base, kind):
    backbone, model, _ = started(base, kind, targets=("query", "value"))
    names = set(trainable(model))
    assert {name for name in names if not is_head(name)} == {
        f"bert.encoder.layer.{layer}.attention.self.{part}.weight" for layer in (0, 1) for part in ("query", "value")
    }
    assert {"classifier.weight", "classifier.bias"} <= names
    assert len(trainable(model)) == 6 and backbone.model is model


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("moments", MOMENTS)
def test_state_bytes_equal_the_formula_and_are_below_adamws(base, kind, moments):
    backbone, model, optimiser = started(base, kind, moments=moments, rank=2)
    assert optimiser_bytes(optimiser) == 0
    step(backbone, model, optimiser)
    expected = 0
    for name, p in trainable(model).items():
        expected += 4 + (2 * 4 * p.numel() if is_head(name) else of_matrix(*p.shape, 2, kind, moments))
    assert optimiser_bytes(optimiser) == expected

    adamw = torch.optim.AdamW(trainable(model).values())
    step(backbone, model, adamw)
    assert optimiser_bytes(adamw) == sum(4 + 2 * 4 * p.numel() for p in trainable(model).values()) > 2 * expected


def of_matrix(rows, columns, rank, kind, moments):
    basis, n = rank * min(rows, columns), rank * max(rows, columns)
    of_moments = 2 * 4 * n if moments == "float32" else 2 * (n + 4 * -(-n // 256))
    return 4 * basis + of_moments + (4 * 4 * rows if kind == "grad_norm_lorp" else 0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_moves_and_merging_leaves_a_plain_frozen_copy(base, kind):
    backbone, model, optimiser = started(base, kind)
    before = answer(model, backbone)
    step(backbone, model, optimiser)
    assert not torch.allclose(answer(model, backbone), before, atol=1e-3)
    merged = build_method({"kind": kind}).merge(model)
    assert type(merged) is type(backbone.model) and not trainable(merged)
    assert torch.equal(answer(merged, backbone), answer(model, backbone))


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_loaded_can_be_saved_again_and_trained_on(base, tmp_path, kind):
    method = build_method({"kind": kind, "rank": 3})
    backbone = load_backbone(base, DETECTION)
    model = method.prepare(backbone, seed=0)
    train_a_little(method, model, backbone)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        method.save(model, tmp_path / name)
        backbone = load_backbone(base, DETECTION, seed=9)
        model = method.load(backbone, tmp_path / name)
    first, second = ((tmp_path / name / "changed_weights.safetensors").read_bytes() for name in ("first", "second"))
    assert first == second
    train_a_little(method, model, backbone)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_of_other_targets_are_refused_and_so_is_a_model_with_nothing_trained(base, tmp_path, kind):
    backbone, model, _ = started(base, kind, targets="query")
    build_method({"kind": kind, "targets": "query"}).save(model, tmp_path)
    with pytest.raises(DetectorError, match="is missing"):
        build_method({"kind": kind}).load(load_backbone(base, DETECTION), tmp_path)
    with pytest.raises(MethodError, match="no weight of this model trains"):
        build_method({"kind": kind}).save(backbone.model.requires_grad_(False), tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_impossible_settings_are_named(kind):
    with pytest.raises(ConfigError, match=r"method.moments is '4bit'"):
        build_method({"kind": kind, "moments": "4bit"})
    with pytest.raises(ConfigError, match=r"method.update_gap is 0"):
        build_method({"kind": kind, "update_gap": 0})
