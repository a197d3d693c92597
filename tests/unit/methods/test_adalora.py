from itertools import pairwise

import pytest
import torch
from tests.tiny import save_tiny

from tain.core.errors import ConfigError
from tain.core.example import LabelSet
from tain.methods import build_method
from tain.methods.adalora import active_ranks
from tain.methods.method import trainable
from tain.models import collate, load_backbone, logits_of
from tain.training.checkpoint import TrainingState, checkpoints, load_checkpoint, save_checkpoint

LABELS = LabelSet(("human", "ai"))
ROWS = [[2, 5, 6, 7, 3], [2, 8, 9, 3], [2, 30, 31, 32, 33, 3], [2, 12, 40, 3]]
TARGETS = torch.tensor([0, 1, 0, 1])
N_STEPS = 20


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(save_tiny("bert", tmp_path_factory.mktemp("bert")))


class Training:
    def __init__(self, base, **settings):
        self.backbone = load_backbone(base, LABELS, seed=0)
        self.method = build_method({"kind": "adalora", "rank": 2, "initial_rank": 4, "every": 2, **settings})
        self.model = self.method.prepare(self.backbone, seed=0)
        groups = self.method.parameter_groups(self.model, lr=1e-2, head_lr=1e-2, weight_decay=0.0)
        self.optimiser = self.method.optimiser(groups)

    def run(self, first=0, last=N_STEPS):
        for step in range(first, last):
            logits = logits_of(self.model, collate(ROWS, pad_id=self.backbone.tokenizer.pad_token_id))
            loss = torch.nn.functional.cross_entropy(logits, TARGETS)
            penalty = self.method.penalty(self.model)
            (loss if penalty is None else loss + penalty).backward()
            self.optimiser.step()
            self.method.after_step(self.model, step=step, n_steps=N_STEPS)
            self.optimiser.zero_grad()
        return self


def weights(model):
    return {name: p.detach().clone() for name, p in trainable(model).items()}


def test_the_budget_is_met_exactly_at_the_end(base):
    training = Training(base).run()
    ranks = active_ranks(training.model)
    assert sum(ranks.values()) == 2 * len(ranks)
    assert max(ranks.values()) <= 4


def test_ranks_are_spent_unevenly(base):
    assert len(set(active_ranks(Training(base).run().model).values())) > 1


def test_nothing_falls_at_the_start_where_every_value_is_zero(base):
    training = Training(base, free_share=0.0).run(last=3)
    assert sum(active_ranks(training.model).values()) > 2 * len(active_ranks(training.model))


def test_the_budget_falls_by_a_cubic_and_never_rises(base):
    method = Training(base).method
    budgets = [method.budget(step, 100, n_matrices=10) for step in range(100)]
    assert budgets[0] == 40
    assert budgets[-1] == 20
    assert all(later <= sooner for sooner, later in pairwise(budgets))
    assert budgets[35] == int(20 + 20 * (1 - 25 / 50) ** 3)


def test_only_weights_that_meet_the_budget_may_be_the_result(base):
    training = Training(base)
    for step in range(N_STEPS):
        training.run(step, step + 1)
        if training.method.is_result(step=step, n_steps=N_STEPS):
            assert sum(active_ranks(training.model).values()) <= 2 * len(active_ranks(training.model))
    assert training.method.is_result(step=N_STEPS - 1, n_steps=N_STEPS)


def test_a_value_taken_at_the_end_stays_away(base):
    training = Training(base).run(last=14)
    first = {name: p != 0 for name, p in trainable(training.model).items() if ".lora_E." in name}
    training.run(14)
    for name, p in trainable(training.model).items():
        if ".lora_E." in name:
            assert not (p[~first[name]] != 0).any()


def test_the_penalty_is_zero_for_orthonormal_vectors_and_falls_in_training(base):
    training = Training(base, orthogonality=1.0)
    before = training.method.penalty(training.model).item()
    assert training.run().method.penalty(training.model).item() < before
    with torch.no_grad():
        for name, p in training.model.named_parameters():
            if ".lora_A." in name:
                p.copy_(torch.linalg.qr(p.T)[0].T)
            elif ".lora_B." in name:
                p.copy_(torch.linalg.qr(p)[0])
    assert training.method.penalty(training.model).item() < 1e-9


def test_without_a_weight_there_is_no_penalty(base):
    training = Training(base, orthogonality=0.0)
    assert training.method.penalty(training.model) is None


@pytest.mark.parametrize("stop", [3, 15])
def test_a_resumed_training_ends_in_the_same_bits(base, tmp_path, stop):
    expected = weights(Training(base).run().model)
    stopped = Training(base).run(last=stop)
    state = TrainingState(method=stopped.method.state(stopped.model))
    save_checkpoint(tmp_path, stopped.model, stopped.optimiser, state, keep=1)
    resumed = Training(base)
    found = load_checkpoint(checkpoints(tmp_path)[-1], resumed.model, resumed.optimiser)
    resumed.method.restore(resumed.model, found.method)
    after = weights(resumed.run(stop).model)
    assert all(torch.equal(after[name], expected[name]) for name in expected)


def test_settings_that_leave_nothing_to_allocate_are_refused():
    with pytest.raises(ConfigError, match="initial_rank is 2, below method.rank 4"):
        build_method({"kind": "adalora", "rank": 4, "initial_rank": 2})
    with pytest.raises(ConfigError, match="leave no steps to allocate in"):
        build_method({"kind": "adalora", "free_share": 0.6, "settled_share": 0.5})
