"""What every tuning method promises, checked over every method and every family of backbones."""

import pytest
import torch
from tests.stories import convert_stories
from tests.tiny import FAMILIES, save_tiny, tiny_tokenizer

from tain.core.errors import MethodError
from tain.core.example import LabelSet
from tain.methods import METHODS, build_method
from tain.methods.method import trainable
from tain.models import collate, load_backbone, logits_of

LABELS = LabelSet(("human", "ai"))
WORDS = {"introduction": "w1 w2", "instruction": "w3 w4", "label_words": {"human": "w5", "ai": "w6"}}
SETTINGS = {
    "lora": {"kind": "lora", "rank": 3},
    "lora attention": {"kind": "lora", "rank": 2, "targets": "attention"},
    "rslora": {"kind": "lora", "rank": 4, "rslora": True},
    "lora embeddings": {"kind": "lora", "rank": 2, "embeddings": True},
    "dora embeddings": {"kind": "lora", "rank": 2, "embeddings": True, "dora": True},
    "dora": {"kind": "lora", "rank": 2, "dora": True},
    "lora+": {"kind": "lora", "rank": 2, "lora_plus_ratio": 16.0},
    "lora_fa": {"kind": "lora_fa", "rank": 3},
    "lora_fa plain": {"kind": "lora_fa", "rank": 2, "is_corrected": False},
    "adalora": {"kind": "adalora", "rank": 2, "initial_rank": 3},
    "alora": {"kind": "alora", "rank": 2, "n_moves": 1, "n_texts": 2},
    "kd_lora": {"kind": "kd_lora", "rank": 3},
    "kd_lora layers": {"kind": "kd_lora", "rank": 2, "layers": [0]},
    "kd_lora dora layers": {"kind": "kd_lora", "rank": 2, "layers": [0], "dora": True, "embeddings": True},
    "full": {"kind": "full"},
    "head_only": {"kind": "head_only"},
    "prompt tuning": {"kind": "prompt_tuning", "n_tokens": 5},
    "prompt tuning random": {"kind": "prompt_tuning", "n_tokens": 3, "init": "random"},
    "loreft": {"kind": "loreft"},
    "loreft both ends": {"kind": "loreft", "rank": 3, "first": 2, "last": 2, "layers": [1]},
    "noreft": {"kind": "loreft", "variant": "noreft", "rank": 2},
    "direft": {"kind": "loreft", "variant": "direft", "rank": 2, "last": 1},
    "galore": {"kind": "galore", "rank": 3, "update_gap": 2},
    "galore 8bit": {"kind": "galore", "rank": 3, "update_gap": 2, "moments": "8bit"},
    "grad_norm_lorp": {"kind": "grad_norm_lorp", "rank": 3, "update_gap": 2},
    "grad_norm_lorp 8bit": {"kind": "grad_norm_lorp", "rank": 3, "update_gap": 2, "moments": "8bit"},
    "lq_lora": {"kind": "lq_lora", "rank": 2, "bits": 3},
    "lq_lora budget": {
        "kind": "lq_lora", "rank": 2, "bits": 3.75, "data_aware": True, "targets": "attention", "n_layouts": 2,
    },
    "lq_lora zero": {"kind": "lq_lora", "rank": 2, "bits": 4, "init": "zero", "targets": "attention"},
    "authorship": {"kind": "authorship", "hidden": 12, "prefix": "w3 w4"},
    "authorship lora": {"kind": "authorship", "network": "lora", "rank": 2, "hidden": 12, "dropout": 0.0},
    "authorship frozen": {"kind": "authorship", "network": "frozen", "hidden": 12},
    "label words": {"kind": "label_words", "rank": 2, **WORDS},
    "label words few shots": {"kind": "label_words", "rank": 2, "n_shots": 2, "shot_tokens": 3, **WORDS},
    "label words full": {"kind": "label_words", "network": "full", "loss": "labels", **WORDS},
}  # fmt: skip
LOADS = ["bert mean", "llama last"]  # an encoder and a decoder keep every promise alone, with a pooling of ours
ROWS = [[2, 5, 6, 7, 3], [2, 8, 9, 3], [2, 30, 31, 32, 33, 3], [2, 12, 40, 3]]
TARGETS = torch.tensor([0, 1, 0, 1])


@pytest.fixture(scope="session")
def bases(tmp_path_factory):
    return {family: str(save_tiny(family, tmp_path_factory.mktemp("bases") / family)) for family in FAMILIES}


@pytest.fixture(params=LOADS)
def loader(request, bases, method):
    family, pooling = request.param.split()
    skip_unless_possible(method, load_backbone(bases[family], LABELS))
    return lambda seed=0: load_backbone(bases[family], LABELS, pooling=pooling, seed=seed)


@pytest.fixture(params=SETTINGS.values(), ids=SETTINGS)
def method(request):
    return build_method(request.param)


def skip_unless_possible(method, backbone):
    try:
        method.require(backbone)
    except MethodError as error:
        pytest.skip(f"{method.kind} declares: {error}")


def batch_of(backbone, rows=ROWS):
    return collate(rows, pad_id=backbone.tokenizer.pad_token_id)


def prepared(method, backbone, *, seed=0):
    method.look_at(backbone, ROWS, TARGETS.tolist())
    return method.prepare(backbone, seed=seed)


def answer(model, backbone, rows=ROWS):
    with torch.no_grad():
        return logits_of(model.eval(), batch_of(backbone, rows))


def train_a_little(method, model, backbone, *, n_steps=3, lr=1e-2):
    optimiser = method.optimiser(method.parameter_groups(model, lr=lr, head_lr=lr, weight_decay=0.0))
    losses = []
    for step in range(n_steps):
        loss = method.loss(logits_of(model, batch_of(backbone)), TARGETS, torch.ones(len(ROWS)))
        losses.append(loss.item())
        penalty = method.penalty(model)
        (loss if penalty is None else loss + penalty).backward()
        method.after_backward(model, step=step, n_steps=n_steps)
        optimiser.step()
        method.after_step(model, step=step, n_steps=n_steps)
        optimiser.zero_grad()
    return losses


def test_every_method_is_in_this_table():
    assert {settings["kind"] for settings in SETTINGS.values()} == set(METHODS)


def test_trainable_count_equals_the_formula(loader, method):
    backbone = loader()
    expected = method.n_trainable(backbone)
    model = prepared(method, backbone, seed=0)
    assert sum(parameter.numel() for parameter in trainable(model).values()) == expected


def test_a_prepared_model_starts_at_the_backbones_output(loader, method):
    backbone = loader()
    before = answer(backbone.model, backbone)
    after = answer(prepared(method, backbone, seed=0), backbone)
    # DoRA divides and multiplies by the same norm, which rounds.
    tolerance = 1e-6 if getattr(method.config, "dora", False) else 0.0
    assert (after - before).abs().max() <= tolerance or not method.starts_at_base


def test_only_declared_parameters_change(loader, method):
    backbone = loader()
    model = prepared(method, backbone, seed=0)
    frozen = {name: p.clone() for name, p in model.named_parameters() if not p.requires_grad}
    before = {name: p.detach().clone() for name, p in trainable(model).items()}
    train_a_little(method, model, backbone)
    assert all(torch.equal(p, frozen[name]) for name, p in model.named_parameters() if name in frozen)
    assert any(not torch.equal(p, before[name]) for name, p in trainable(model).items())


def test_small_steps_lower_the_loss(loader, method):
    backbone = loader()
    losses = train_a_little(method, prepared(method, backbone, seed=0), backbone, n_steps=6, lr=1e-3)
    assert losses[-1] < losses[0]


def test_merged_equals_unmerged(loader, method):
    if not method.can_merge:
        pytest.skip(f"{method.kind} declares that it cannot be merged")
    backbone = loader()
    model = prepared(method, backbone, seed=0)
    train_a_little(method, model, backbone)
    before = answer(model, backbone)
    assert (answer(method.merge(model), backbone) - before).abs().max() <= 1e-5
    assert torch.equal(answer(model, backbone), before)


def test_save_and_load_give_equal_logits_head_included(loader, method, tmp_path):
    backbone = loader()
    model = prepared(method, backbone, seed=0)
    train_a_little(method, model, backbone)
    method.save(model, tmp_path)
    assert not list(tmp_path.glob("*.bin"))
    fresh = loader(seed=99)
    assert torch.equal(answer(method.load(fresh, tmp_path), fresh), answer(model, backbone))


def test_the_same_seed_gives_the_same_bits(loader, method):
    def weights():
        backbone = loader()
        model = prepared(method, backbone, seed=4)
        train_a_little(method, model, backbone)
        return {name: p.detach() for name, p in trainable(model).items()}

    first, second = weights(), weights()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_padding_and_batch_make_up_do_not_change_a_score(loader, method):
    backbone = loader()
    model = prepared(method, backbone, seed=0)
    train_a_little(method, model, backbone)
    together = answer(model, backbone)
    alone = torch.cat([answer(model, backbone, [row]) for row in ROWS])
    reverse = answer(model, backbone, ROWS[::-1]).flip(0)
    backbone.tokenizer.padding_side = "left"
    left = answer(model, backbone)
    for other in (alone, reverse, left):
        assert (other - together).abs().max() <= 1e-5


def keeps_its_promises_in_one_go(method, load, folder):
    backbone = load()
    skip_unless_possible(method, backbone)
    expected = method.n_trainable(backbone)
    model = prepared(method, backbone)
    assert sum(parameter.numel() for parameter in trainable(model).values()) == expected
    losses = train_a_little(method, model, backbone, n_steps=4, lr=2e-4)
    assert losses[-1] < losses[0]
    after = answer(model, backbone)
    method.save(model, folder)
    fresh = load(seed=99)
    assert torch.equal(answer(method.load(fresh, folder), fresh), after)
    assert (torch.cat([answer(model, backbone, [row]) for row in ROWS]) - after).abs().max() <= 1e-5
    if method.can_merge:
        merged = method.merge(model)
        assert (answer(merged, backbone) - after).abs().max() <= 1e-5
        if method.merges_to_stock:
            merged.save_pretrained(folder / "merged")
            stock = type(merged).from_pretrained(folder / "merged").train(False)
            assert (answer(stock, backbone) - after).abs().max() <= 1e-5


@pytest.mark.parametrize("family", FAMILIES)  # every family with its own pooling
def test_every_method_works_on_every_family(family, method, bases, tmp_path):
    def load(seed=0):
        backbone = load_backbone(bases[family], LABELS, seed=seed)
        backbone.tokenizer = tiny_tokenizer()  # transformers reads that of a qwen by a class which knows none of it
        return backbone

    keeps_its_promises_in_one_go(method, load, tmp_path)


@pytest.fixture(scope="session", params=["minilm", "stories260K"])
def trained(request, tmp_path_factory):
    """An encoder and a decoder that have learnt."""
    if request.param == "minilm":
        return "minilm"
    return str(convert_stories(request.getfixturevalue("shared_data"), tmp_path_factory.mktemp("stories")))


@pytest.mark.parametrize("kind", METHODS)
def test_every_method_works_on_trained_backbones(kind, trained, tmp_path):
    settings = next(settings for settings in SETTINGS.values() if settings["kind"] == kind)
    if kind == "label_words":  # a real tokenizer makes several tokens of most words
        settings = settings | {"label_words": {"human": "A", "ai": "B"}}
    keeps_its_promises_in_one_go(
        build_method(settings), lambda seed=0: load_backbone(trained, LABELS, seed=seed), tmp_path
    )
