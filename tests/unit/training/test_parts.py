"""The schedule, the guard, checkpoints, averaging and selection."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from tain.core.errors import DataError, TrainingError
from tain.core.example import DETECTION, LabelSet
from tain.training.averaging import add_to_average, swapped
from tain.training.checkpoint import Progress, TrainingState, checkpoints, load_checkpoint, save_checkpoint
from tain.training.estimate import estimate
from tain.training.guard import WINDOW, DivergenceGuard
from tain.training.schedule import warmup_cosine
from tain.training.selection import judge


def test_the_rate_rises_to_one_and_falls_to_zero():
    rates = [warmup_cosine(step, n_steps=100, warmup_share=0.1) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == rates[10] == 1.0
    assert rates[100] == pytest.approx(0.0)
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))


def test_the_guard_sees_a_rise_that_stays_and_forgives_one_hard_batch():
    guard = DivergenceGuard(factor=4.0, floor=0.7)
    assert not any(guard.has_diverged(0.3) for _ in range(WINDOW))
    assert not guard.has_diverged(9.0)
    assert not guard.has_diverged(0.3)
    assert [guard.has_diverged(9.0) for _ in range(3)] == [False, False, True]
    assert DivergenceGuard(4.0, floor=0.7).has_diverged(float("nan"))


def test_hard_batches_among_learnt_ones_are_no_divergence():
    guard = DivergenceGuard(factor=4.0, floor=0.7)
    losses = [0.002] * WINDOW + [0.25, 0.3, 0.5, 0.002, 0.6, 0.4, 0.3]
    assert not any(guard.has_diverged(loss) for loss in losses)
    assert [guard.has_diverged(0.8) for _ in range(3)] == [False, False, True]


def test_the_guards_state_survives():
    guard = DivergenceGuard(factor=2.0, floor=0.7)
    for loss in np.linspace(0.2, 0.4, WINDOW):
        guard.has_diverged(float(loss))
    guard.has_diverged(5.0)
    other = DivergenceGuard(factor=2.0, floor=0.7)
    other.restore(guard.state())
    assert other.state() == guard.state()
    assert [other.has_diverged(5.0) for _ in range(2)] == [False, True]


def small_training():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.1)
    return model, optimiser


def step(model, optimiser):
    model(torch.randn(5, 3)).pow(2).sum().backward()
    optimiser.step()
    optimiser.zero_grad()


def test_a_checkpoint_brings_back_every_bit(tmp_path):
    model, optimiser = small_training()
    step(model, optimiser)
    state = TrainingState(Progress(step=1, best=[0.5, 0.25]), best={"1.weight": model[1].weight.detach().clone()})
    add_to_average(state, model)
    save_checkpoint(tmp_path, model, optimiser, state, keep=2)
    step(model, optimiser)
    expected = [p.clone() for p in model.parameters()]

    other, its_optimiser = small_training()
    found = load_checkpoint(checkpoints(tmp_path)[-1], other, its_optimiser)
    assert found.progress == state.progress
    assert torch.equal(found.best["1.weight"], state.best["1.weight"])
    step(other, its_optimiser)  # draws the same random numbers
    assert all(torch.equal(p, q) for p, q in zip(other.parameters(), expected, strict=True))


def test_old_checkpoints_go_and_half_written_ones_do_not_count(tmp_path):
    model, optimiser = small_training()
    for n in range(4):
        save_checkpoint(tmp_path, model, optimiser, TrainingState(Progress(step=n)), keep=2)
    (tmp_path / ".checkpoint-00000009.xyz.part").mkdir()
    assert [path.name for path in checkpoints(tmp_path)] == ["checkpoint-00000002", "checkpoint-00000003"]


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    model, optimiser = small_training()
    save_checkpoint(tmp_path, model, optimiser, TrainingState(), keep=1)
    model[0].requires_grad_(True)
    with pytest.raises(TrainingError, match="does not belong to this training"):
        load_checkpoint(checkpoints(tmp_path)[-1], model, optimiser)


def test_the_average_is_the_mean_of_the_steps():
    model, optimiser = small_training()
    state, seen = TrainingState(), []
    for _ in range(5):
        step(model, optimiser)
        add_to_average(state, model)
        seen.append(model[1].weight.detach().clone())
    assert torch.allclose(state.average["1.weight"], torch.stack(seen).mean(0), atol=1e-6)
    before = model[1].weight.detach().clone()
    with swapped(model, state.average):
        assert torch.equal(model[1].weight, state.average["1.weight"])
    assert torch.equal(model[1].weight, before)


def test_detection_is_judged_by_tpr_at_the_target_fpr_first():
    labels = np.repeat([0, 1], 100).astype(np.int32)
    scores = np.concatenate([np.linspace(0, 1, 100), np.linspace(0.9, 2, 100)])
    logits = np.stack([np.zeros(200), scores], axis=1).astype(np.float32)
    found = judge(logits, labels, label_set=DETECTION, target_fpr=0.01)
    # One of 100 humans may be above; the second highest is at 98/99.
    assert found.key[0] == np.mean(scores[100:] > np.float32(98 / 99))
    assert found.metrics["eval/auroc"] == found.key[1]


def test_other_label_sets_are_judged_by_accuracy():
    logits = np.array([[2, 0, 0], [0, 2, 0], [0, 2, 0]], dtype=np.float32)
    found = judge(logits, np.array([0, 1, 2], dtype=np.int32), label_set=LabelSet(("a", "b", "c")), target_fpr=0.01)
    assert found.key[0] == pytest.approx(2 / 3)


def test_validation_texts_of_one_class_are_refused():
    with pytest.raises(DataError, match="validation texts are all human"):
        judge(np.zeros((3, 2), np.float32), np.zeros(3, np.int32), label_set=DETECTION, target_fpr=0.01)


def test_an_estimate_leaves_no_trace():
    model, _ = small_training()
    before = torch.get_rng_state()
    found = estimate(model, lambda: model(torch.randn(5, 3)).sum(), batch_tokens=5, n_tokens=50)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(p.grad is None for p in model.parameters())
    assert found.duration_s == pytest.approx(50 / found.tokens_per_s)
    assert "50 tokens" in str(found)
