import numpy as np
import pytest
import torch
from tests.tiny import FAMILIES, save_tiny

from tain.core.errors import DataError, TrainingError
from tain.core.example import LabelSet
from tain.methods.text_to_lora import AdapterBank, Hypernetwork, HypernetworkSettings, find_places
from tain.methods.text_to_lora.factors import take
from tain.models import load_backbone
from tain.training.text_to_lora import (
    AdaptedNetwork,
    ReconstructionSettings,
    SupervisedSettings,
    TaskRows,
    mean_and_spread,
    reconstruction_error,
    train_reconstruction,
    train_supervised,
)
from tain.training.text_to_lora.tasks import draw_tasks, draw_texts, step_generator

ROWS = [[2, 5, 6, 7, 3], [2, 9, 3], [2, 8, 4, 11, 12, 13, 3]]
SETTINGS = HypernetworkSettings(rank=2, hidden_width=16, head_width=8, dropout=0.1)


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    return load_backbone(
        str(save_tiny("bert", tmp_path_factory.mktemp("bert"))), LabelSet(("no", "yes")), pooling="mean"
    )


@pytest.fixture(scope="module")
def places(backbone):
    return find_places(backbone, "query-value")


def tasks(n=4):
    """Task i asks whether a text begins with word i."""
    draw = np.random.default_rng(0)
    vectors = torch.from_numpy(draw.normal(size=(n, 2, 6))).float()
    made = []
    for i in range(n):
        targets = np.arange(12) % 2
        rows = [[2, 4 + i if y else 20 + i, *draw.integers(10, 19, 3).tolist(), 3] for y in targets]
        made.append(TaskRows(f"task {i}", rows, targets, vectors[i]))
    return made


def oracles(places, n):
    generator = torch.Generator().manual_seed(1)
    fresh = torch.randn
    return {
        p.name: (fresh(n, 2, p.d_in, generator=generator), 0.01 * fresh(n, p.d_out, 2, generator=generator))
        for p in places
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_with_an_adapter_each_answer_as_they_do_one_by_one(family, tmp_path):
    backbone = load_backbone(str(save_tiny(family, tmp_path)), LabelSet(("no", "yes")), pooling="mean")
    places = find_places(backbone, "query-value")
    factors = {p.name: (torch.randn(3, 2, p.d_in), torch.randn(3, p.d_out, 2)) for p in places}
    network = AdaptedNetwork(backbone, places, scale=0.5)
    with torch.no_grad():
        together = network(ROWS, factors, torch.tensor([2, 0, 1]))
        for index, task in enumerate([2, 0, 1]):
            alone = network([ROWS[index]], take(factors, torch.tensor([task])))
            torch.testing.assert_close(together[index], alone[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_frozen_blocks_that_are_kept_change_no_answer(family, tmp_path):
    backbone = load_backbone(str(save_tiny(family, tmp_path)), LabelSet(("no", "yes")), pooling="mean")
    places = [p for p in find_places(backbone, "query-value") if p.depth == 1]
    factors = {p.name: (torch.randn(1, 2, p.d_in), torch.randn(1, p.d_out, 2)) for p in places}
    plain = AdaptedNetwork(backbone, places, scale=0.5)
    keeping = AdaptedNetwork(backbone, places, scale=0.5, keep_frozen=True)
    for rows in (ROWS, ROWS[::-1], ROWS[:2]):  # the second time from memory, and padded otherwise
        np.testing.assert_allclose(keeping.margins(rows, factors), plain.margins(rows, factors), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("form", ["L", "M", "S"])
def test_reconstruction_of_a_few_adapters_comes_near_to_zero(backbone, places, form):
    own = SETTINGS.model_copy(update={"form": form, "dropout": 0.0, "hidden_width": 64, "head_width": 64})
    network = Hypernetwork(own, places, d_task=6, seed=0)
    settings = ReconstructionSettings(n_steps=400, lr=1e-2, tasks_per_step=None, weight_decay=0.0)
    few = [TaskRows(t.name, t.rows, t.targets, t.descriptions[:1]) for t in tasks(2)]
    losses = train_reconstruction(network, oracles(places, 2), few, settings, seed=0)
    assert losses[0] > 0.9
    assert losses[-1] < 0.1
    # what is written answers as the adapter that was to be repeated
    adapted = AdaptedNetwork(backbone, places, scale=0.5)
    wanted = adapted.margins(ROWS, take(oracles(places, 2), torch.tensor([1])))
    with torch.no_grad():
        found = adapted.margins(ROWS, network(None, few[1].descriptions))
    np.testing.assert_allclose(found, wanted, atol=0.05)


def test_reconstruction_of_one_adapter_is_exact_from_the_start(places):
    network = Hypernetwork(SETTINGS, places, d_task=6, seed=0)
    settings = ReconstructionSettings(n_steps=1, lr=1e-9)
    assert train_reconstruction(network, oracles(places, 1), tasks(1), settings, seed=0)[0] < 1e-6


def test_targets_have_mean_zero_and_spread_one_however_small_b_is(places):
    own = oracles(places, 5)
    mean, spread = mean_and_spread(own)
    for name, pair in own.items():
        for part, centre, unit in zip(pair, mean[name], spread[name], strict=True):
            standard = (part - centre) / unit
            torch.testing.assert_close(standard.mean(0), torch.zeros_like(part[0]), atol=1e-5, rtol=0)
            torch.testing.assert_close(standard.std(0, correction=0), torch.ones_like(part[0]))


def test_an_untrained_network_of_reconstruction_writes_the_mean_adapter(places):
    own = oracles(places, 4)
    mean, spread = mean_and_spread(own)
    network = Hypernetwork(SETTINGS, places, d_task=6, seed=0).eval()
    network.standardise(mean, spread)
    for name, (a, b) in network(None, torch.randn(1, 6)).items():
        torch.testing.assert_close(a, mean[name][0])
        torch.testing.assert_close(b, mean[name][1])
    assert reconstruction_error(take(own, torch.arange(4)), own, spread) == 0


def test_training_on_texts_lowers_the_loss(backbone, places):
    network = AdaptedNetwork(backbone, places, scale=2.0)
    writer = Hypernetwork(SETTINGS, places, d_task=6, seed=0)
    settings = SupervisedSettings(n_steps=60, lr=1e-2, tasks_per_step=None, label_smoothing=0.0)
    losses = train_supervised(network, writer, tasks(), settings, seed=0)
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])


def test_the_adapter_of_a_task_does_not_depend_on_the_tasks_beside_it(backbone, places):
    network = AdaptedNetwork(backbone, places, scale=2.0)
    settings = SupervisedSettings(n_steps=4, tasks_per_step=None, clip_norm=1e9, penalty=0.0)
    first, second, third = tasks(3)

    def trained(*own):
        bank = AdapterBank(places, 2, n_tasks=2, seed=0)
        train_supervised(network, bank, own, settings, seed=0)
        return bank(torch.tensor([0])), bank(torch.tensor([1]))

    (own, beside), (again, other) = trained(first, second), trained(first, third)
    for name, (a, b) in own.items():
        torch.testing.assert_close(a, again[name][0], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(b, again[name][1], rtol=1e-4, atol=1e-6)
        assert not torch.allclose(beside[name][1], other[name][1], rtol=1e-4, atol=1e-6)


def test_the_base_is_not_changed(backbone, places):
    before = {name: p.clone() for name, p in backbone.model.named_parameters()}
    settings = SupervisedSettings(n_steps=3, lr=1e-2, tasks_per_step=2)
    writer = Hypernetwork(SETTINGS, places, d_task=6, seed=0)
    train_supervised(AdaptedNetwork(backbone, places, scale=2.0), writer, tasks(), settings, seed=0)
    assert all(torch.equal(p, before[name]) for name, p in backbone.model.named_parameters())


@pytest.mark.parametrize("goal", ["texts", "adapters"])
def test_a_training_that_was_stopped_ends_as_one_that_was_not(backbone, places, goal, tmp_path):
    def train(n_steps, folder):
        writer = Hypernetwork(SETTINGS, places, d_task=6, seed=0)
        common = {"n_steps": 6, "lr": 1e-2, "tasks_per_step": 2, "checkpoint_every": 3}
        stop = Stop(n_steps)
        try:
            if goal == "texts":
                network = AdaptedNetwork(backbone, places, scale=2.0)
                losses = train_supervised(
                    network, writer, tasks(), SupervisedSettings(**common), seed=0, folder=folder, advance=stop
                )
            else:
                losses = train_reconstruction(
                    writer,
                    oracles(places, 4),
                    tasks(),
                    ReconstructionSettings(**common),
                    seed=0,
                    folder=folder,
                    advance=stop,
                )
        except KeyboardInterrupt:
            return None, None
        return losses, writer.state_dict()

    losses, whole = train(99, tmp_path / "whole")
    assert train(5, tmp_path / "parts") == (None, None)
    again, resumed = train(99, tmp_path / "parts")
    assert again == losses
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


class Stop:
    """Interrupts a training after so many steps."""

    def __init__(self, n):
        self.n = n

    def __call__(self, n):
        self.n -= n
        if self.n <= 0:
            raise KeyboardInterrupt


def test_a_step_draws_the_same_whenever_it_is_asked_and_as_many_of_either_answer():
    settings = SupervisedSettings(tasks_per_step=2)
    own = tasks()
    first, second = (draw_tasks(own, settings, step_generator(0, 7)) for _ in range(2))
    assert torch.equal(first.tasks, second.tasks)
    assert len(set(first.tasks.tolist())) == 2
    assert torch.equal(first.descriptions, second.descriptions)
    rows = draw_texts(own[0], 6, step_generator(0, 7))
    assert own[0].targets[rows].sum() == 3


def test_a_task_without_texts_of_an_answer_is_refused(backbone, places):
    lone = TaskRows("lone", ROWS, np.ones(3, dtype=np.int64), torch.zeros(1, 6))
    writer = Hypernetwork(SETTINGS, places, d_task=6, seed=0)
    with pytest.raises(DataError, match="lone has no text of one of its answers"):
        train_supervised(AdaptedNetwork(backbone, places, scale=1.0), writer, [lone], SupervisedSettings(), seed=0)


def test_adapters_and_tasks_must_be_as_many(places):
    writer = Hypernetwork(SETTINGS, places, d_task=6, seed=0)
    with pytest.raises(DataError, match=r"\[3\] trained adapters for 4 tasks"):
        train_reconstruction(writer, oracles(places, 3), tasks(), ReconstructionSettings(), seed=0)


def test_a_loss_that_is_no_number_stops_the_training(places):
    writer = Hypernetwork(SETTINGS, places, d_task=6, seed=0)
    broken = tasks()
    broken[0].descriptions.fill_(float("nan"))
    with pytest.raises(TrainingError, match="loss of step 0 is nan"):
        train_reconstruction(writer, oracles(places, 4), broken, ReconstructionSettings(tasks_per_step=None), seed=0)
