import pytest
import torch
from tests.tiny import save_tiny

from tain.core.example import LabelSet
from tain.methods import build_method
from tain.methods.method import trainable
from tain.methods.peft_adapter import lora_layers
from tain.models import collate, load_backbone, logits_of
from tain.training.checkpoint import TrainingState, checkpoints, load_checkpoint, save_checkpoint

LABELS = LabelSet(("human", "ai"))
ROWS = [[2, 5, 6, 7, 3], [2, 8, 9, 3], [2, 30, 31, 32, 33, 3], [2, 12, 40, 3]]
TARGETS = [0, 1, 0, 1]
N_STEPS = 12


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(save_tiny("bert", tmp_path_factory.mktemp("bert")))


class Training:
    def __init__(self, base, **settings):
        self.backbone = load_backbone(base, LABELS, seed=0)
        self.method = build_method({"kind": "alora", "rank": 2, "n_moves": 2, "n_texts": 4, **settings})
        self.method.look_at(self.backbone, ROWS, TARGETS)
        self.model = self.method.prepare(self.backbone, seed=0)
        groups = self.method.parameter_groups(self.model, lr=1e-2, head_lr=1e-2, weight_decay=0.0)
        self.optimiser = self.method.optimiser(groups)

    def loss(self):
        logits = logits_of(self.model, collate(ROWS, pad_id=self.backbone.tokenizer.pad_token_id))
        return torch.nn.functional.cross_entropy(logits, torch.tensor(TARGETS))

    def run(self, first=0, last=N_STEPS):
        for step in range(first, last):
            self.loss().backward()
            self.method.after_backward(self.model, step=step, n_steps=N_STEPS)
            self.optimiser.step()
            self.method.after_step(self.model, step=step, n_steps=N_STEPS)
            self.optimiser.zero_grad()
        return self

    def ranks(self):
        return [int(used.sum()) for used in self.method.is_used.values()]


def test_the_number_of_ranks_in_all_never_changes_while_single_ones_do(base):
    training = Training(base, move_share=0.2)
    n = sum(training.ranks())
    for step in range(N_STEPS):
        training.run(step, step + 1)
        assert sum(training.ranks()) == n
    assert len(set(training.ranks())) > 1


def test_ranks_move_as_often_as_asked_and_between_the_two_ends(base):
    moves = Training(base, n_moves=3).method.moves(100)
    assert moves == {20, 40, 60}


def test_what_is_not_in_use_is_zero_and_stays_zero(base):
    training = Training(base, move_share=0.2).run()
    for name, layer in lora_layers(training.model):
        assert not layer.lora_B["default"].weight[:, ~training.method.is_used[name]].any()


def test_the_scale_is_alpha_over_the_mean_rank(base):
    training = Training(base, alpha=6.0)
    assert {layer.scaling["default"] for _, layer in lora_layers(training.model)} == {3.0}


def test_importance_equals_the_ablation_done_by_hand(base):
    training = Training(base).run(last=2)
    found = training.method.importance(training.model)
    name, _ = next(iter(lora_layers(training.model)))
    b = {key: each.lora_B["default"].weight for key, each in lora_layers(training.model)}
    kept = {key: value.clone() for key, value in b.items()}
    whole = -training.loss().item()
    with torch.no_grad():
        b[name][:, 0] = 0
        without = -training.loss().item()
        for weight in b.values():
            weight.zero_()
        b[name][:, 0] = kept[name][:, 0]
        alone = -training.loss().item()
        for key, value in kept.items():
            b[key].copy_(value)
    assert found[name][0] == pytest.approx(whole - without + alone, abs=1e-6)


def test_measuring_importance_changes_no_weight(base):
    training = Training(base).run(last=2)
    before = {name: p.clone() for name, p in trainable(training.model).items()}
    training.method.importance(training.model)
    assert all(torch.equal(p, before[name]) for name, p in trainable(training.model).items())


def test_the_least_important_ranks_are_those_that_go(base):
    training = Training(base, move_share=0.2).run(last=2)
    scores = training.method.importance(training.model)
    values = sorted((value, name, rank) for name, own in scores.items() for rank, value in own.items())
    training.method._move(training.model)
    n = max(1, round(0.2 * len(values)))
    losers = {name for _, name, _ in values[:n]}
    for _, name, rank in values[:n]:
        assert not training.method.is_used[name][rank] or len(losers) == len(scores)


@pytest.mark.parametrize("stop", [1, 5])
def test_a_resumed_training_ends_in_the_same_bits(base, tmp_path, stop):
    expected = Training(base, move_share=0.2).run().model
    stopped = Training(base, move_share=0.2).run(last=stop)
    state = TrainingState(method=stopped.method.state(stopped.model))
    save_checkpoint(tmp_path, stopped.model, stopped.optimiser, state, keep=1)
    resumed = Training(base, move_share=0.2)
    found = load_checkpoint(checkpoints(tmp_path)[-1], resumed.model, resumed.optimiser)
    resumed.method.restore(resumed.model, found.method)
    after = trainable(resumed.run(stop).model)
    assert all(torch.equal(after[name], p) for name, p in trainable(expected).items())
