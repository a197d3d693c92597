"""A training with a teacher: whose logits a text is held against, and what texts without a label add."""

import numpy as np
import pytest
import torch
from tests.tiny import save_tiny_encoder

from tain.core.errors import ConfigError
from tain.core.example import DETECTION
from tain.methods import build_method
from tain.methods.method import trainable
from tain.models import load_backbone
from tain.training import objective as objective_module
from tain.training.batches import row_weights
from tain.training.config import TrainingConfig
from tain.training.engine import Engine
from tain.training.folder import RunFolder
from tain.training.store import UNLABELLED, TokenRow, build_store


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(save_tiny_encoder(tmp_path_factory.mktemp("base")))


def rows(n=24, *, n_views=1, unlabelled=0, taught=True):
    rng = np.random.default_rng(0)
    for index in range(n + unlabelled):
        label = index % 2 if index < n else UNLABELLED
        for view in range(n_views):
            ids = [2, *rng.integers(4, 44, size=rng.integers(5, 12)).tolist(), 3]
            yield TokenRow(ids, label, view=view, teacher=said_of(ids) if taught else ())


def said_of(ids):
    """A teacher that can be told from the text alone."""
    return (float(sum(ids)) % 7 - 3, float(len(ids)) - 8)


def made(base, folder, content, *, kind="kd_lora", name="run", **settings):
    config = TrainingConfig(**{"threads": 1, "batch_tokens": 64, "n_epochs": 2, "dtype": "float32", **settings})
    run = RunFolder(folder / name)
    run.open(config.model_dump(mode="json"), threads=1, is_resumed=False, force=False)
    return Engine(
        load_backbone(base, DETECTION),
        build_method({"kind": kind, "rank": 2}),
        train=build_store(folder / f"{name}-train", content),
        valid=build_store(folder / f"{name}-valid", rows(8)),
        config=config,
        run=run,
        seed=0,
        is_quiet=True,
    )


def test_a_text_has_its_own_teacher_after_shuffling_in_every_epoch_and_view(base, tmp_path, monkeypatch):
    read, held = [], []
    collate, distance = objective_module.collate, objective_module.distillation_loss
    monkeypatch.setattr(objective_module, "collate", lambda texts, **kw: read.append(texts) or collate(texts, **kw))

    def recorded(logits, teacher, weights, *, temperature):
        held.append(teacher)
        return distance(logits, teacher, weights, temperature=temperature)

    monkeypatch.setattr(objective_module, "distillation_loss", recorded)
    training = made(base, tmp_path, rows(n_views=2, unlabelled=6), distil_weight=0.5, n_epochs=4)
    training.train()
    assert len(held) == len(read) >= 8
    for texts, teacher in zip(read, held, strict=True):
        assert [tuple(row) for row in teacher.tolist()] == [said_of(text.tolist()) for text in texts]


def trained(base, folder, content, **settings):
    model = made(base, folder, content, **settings).train().classifier.model
    return {name: parameter.detach() for name, parameter in trainable(model).items()}


def test_without_a_share_for_the_teacher_it_is_plain_lora_bit_for_bit(base, tmp_path):
    lora = trained(base, tmp_path, rows(taught=False), kind="lora", name="lora")
    alone = trained(base, tmp_path, rows(), distil_weight=0.0, name="alone")
    taught = trained(base, tmp_path, rows(), distil_weight=0.5, name="taught")
    assert all(torch.equal(alone[name], lora[name]) for name in lora)
    assert any(not torch.equal(taught[name], lora[name]) for name in lora)


def test_texts_without_a_label_weigh_nothing_in_the_loss_of_labels(tmp_path):
    store = build_store(tmp_path / "store", rows(9, unlabelled=5))
    alone = build_store(tmp_path / "alone", rows(9))
    for settings in ({}, {"class_weights": "none"}, {"domain_weights": "balanced"}):
        weights = row_weights(store, TrainingConfig(**settings))
        assert (weights[9:] == 0).all()
        assert np.array_equal(weights[:9], row_weights(alone, TrainingConfig(**settings)))


def test_a_batch_adds_up_from_labels_and_teacher(base, tmp_path):
    training = made(base, tmp_path, rows(4, unlabelled=3), distil_weight=0.3, distil_temperature=1.5)
    store = training.train_store
    every = np.arange(7)
    with torch.no_grad():
        batch = objective_module.collate([store[i] for i in every], pad_id=0)
        logits = objective_module.logits_of(training.model, batch)
        z, t = (logits / 1.5).log_softmax(-1), (torch.from_numpy(store.teacher) / 1.5).log_softmax(-1)
        kl = (t.exp() * (t - z)).sum(-1) * 1.5**2
        ce = torch.nn.functional.cross_entropy(logits[:4], torch.tensor([0, 1, 0, 1]), reduction="none")
        expected = (0.7 * ce.sum() + 0.3 * kl.sum()) / 7
        torch.testing.assert_close(training.objective.loss(every), expected)
        torch.testing.assert_close(training.objective.loss(every[4:]), 0.3 * kl[4:].mean())


def test_texts_without_a_label_move_the_weights(base, tmp_path):
    content = list(rows(16, unlabelled=8))
    other = [row if row.label != UNLABELLED else TokenRow(row.token_ids, -1, teacher=(9.0, -9.0)) for row in content]
    first = trained(base, tmp_path, content, distil_weight=0.5, name="first")
    second = trained(base, tmp_path, other, distil_weight=0.5, name="second")
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_a_method_is_shown_texts_with_labels_alone(base, tmp_path, monkeypatch):
    from tain.methods.kd_lora import KdLora

    shown = []
    monkeypatch.setattr(KdLora, "look_at", lambda self, backbone, texts, targets: shown.extend(targets))
    made(base, tmp_path, rows(10, unlabelled=10), distil_weight=0.5)
    assert sorted(shown) == [0] * 5 + [1] * 5


def test_texts_without_a_label_are_refused_where_nothing_is_learned_of_them(base, tmp_path):
    with pytest.raises(ConfigError, match="nothing is learned from 5 texts without a label"):
        made(base, tmp_path, rows(10, unlabelled=5), distil_weight=0.0)


def test_what_a_method_adds_to_the_loss_is_added_whole(base, tmp_path):
    training = made(base, tmp_path, rows(4), distil_weight=0.5)
    every = np.arange(4)
    with torch.no_grad():
        before = training.objective.loss(every)
        training.method.penalty = lambda model: torch.tensor(3.0)
        torch.testing.assert_close(training.objective.loss(every), before + 3.0)


def ruled(n, *, seed, n_labelled):
    """Texts of even or of odd words; a teacher that knows the rule says so of all, labels of a few."""
    rng = np.random.default_rng(seed)
    for index in range(n):
        parity = index % 2
        words = rng.integers(4, 44, size=rng.integers(5, 20))
        ids = [2, *np.where(words % 2 == parity, words, (words - 3) % 40 + 4).tolist(), 3]
        yield TokenRow(ids, parity if index < n_labelled else UNLABELLED, teacher=(2.0 - 4 * parity, 4 * parity - 2.0))


def test_with_few_labels_a_student_learns_more_from_its_teacher(base, tmp_path):
    few = list(ruled(8, seed=0, n_labelled=8))
    many = list(ruled(120, seed=0, n_labelled=8))
    aurocs = {}
    for name, content, n_epochs, share in (("alone", few, 30, 0.0), ("taught", many, 3, 0.5)):
        build_store(tmp_path / f"{name}-valid", ruled(60, seed=1, n_labelled=60))
        settings = {"batch_tokens": 128, "n_evaluations": 1, "class_weights": "none"}
        training = made(base, tmp_path, content, name=name, n_epochs=n_epochs, distil_weight=share, **settings)
        aurocs[name] = training.train().best[1]
    assert aurocs["taught"] > aurocs["alone"] + 0.05
