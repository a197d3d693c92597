import numpy as np
import pytest
import torch
from safetensors import safe_open
from tests.tiny import save_tiny
from torch import nn
from transformers import AutoModel

from tain.core.errors import MethodError
from tain.core.example import DETECTION, LabelSet
from tain.methods import build_method
from tain.methods.method import trainable
from tain.models import collate, load_backbone, logits_of
from tain.training.config import TrainingConfig
from tain.training.engine import Engine
from tain.training.folder import RunFolder
from tain.training.store import TokenRow, build_store

FIVE = LabelSet(("a", "b", "c", "d", "e"))
ROWS = [[2, 5, 6, 7, 3], [2, 8, 9, 3]]


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    root = tmp_path_factory.mktemp("bases")
    folders = {family: save_tiny(family, root / family) for family in ("t5-encoder", "bert", "llama")}
    bert = AutoModel.from_pretrained(folders["bert"])
    (folders["bert"] / "model.safetensors").unlink()
    bert.save_pretrained(folders["bert"])  # without the head of two classes
    return {family: str(folder) for family, folder in folders.items()}


def answers(model, rows=ROWS):
    with torch.no_grad():
        return logits_of(model, collate(rows, pad_id=0))


def test_the_checkpoint_has_a_decoder_and_the_network_has_none(bases):
    with safe_open(f"{bases['t5-encoder']}/model.safetensors", framework="pt") as file:
        keys = set(file.keys())
    assert any(key.startswith("decoder.") for key in keys)
    backbone = load_backbone(bases["t5-encoder"], FIVE)
    model = build_method({"kind": "authorship"}).prepare(backbone, seed=0)
    names = [name for name, _ in (*model.named_parameters(), *model.named_modules())]
    assert not [name for name in names if "decoder" in name or "lm_head" in name]


def test_the_encoder_answers_as_transformers_own_does(bases):
    from transformers import T5EncoderModel

    peer = T5EncoderModel.from_pretrained(bases["t5-encoder"]).eval()
    model = build_method({"kind": "authorship", "hidden": 6}).prepare(load_backbone(bases["t5-encoder"], FIVE), seed=0)
    first, _, _, second = model.classifier
    with torch.no_grad():
        state = peer(input_ids=torch.tensor([ROWS[0]])).last_hidden_state[:, 0]
        expected = second(nn.functional.gelu(first(state)))
    assert torch.allclose(answers(model, ROWS[:1]), expected, atol=1e-6)


def test_shapes_and_count_are_those_of_the_paper(bases):
    backbone = load_backbone(bases["t5-encoder"], FIVE)
    method = build_method({"kind": "authorship", "network": "frozen"})
    assert method.n_trainable(backbone) == 768 * 16 + 768 + 5 * 768 + 5
    model = method.prepare(backbone, seed=0)
    shapes = [tuple(parameter.shape) for parameter in trainable(model).values()]
    assert shapes == [(768, 16), (768,), (5, 768), (5,)]
    assert model.classifier[2].p == 0.2


def test_padding_does_not_change_logits(bases):
    model = build_method({"kind": "authorship"}).prepare(load_backbone(bases["t5-encoder"], FIVE), seed=0)
    batch = collate(ROWS, pad_id=0)
    batch = {key: nn.functional.pad(value, (0, 5), value=0) for key, value in batch.items()}
    other = batch | {"input_ids": torch.where(batch["attention_mask"] == 1, batch["input_ids"], 17)}
    with torch.no_grad():
        assert torch.allclose(logits_of(model, batch), answers(model), atol=1e-6)
        assert torch.equal(logits_of(model, other), logits_of(model, batch))


def test_dropout_is_on_in_training_and_off_otherwise(bases):
    model = build_method({"kind": "authorship"}).prepare(load_backbone(bases["t5-encoder"], FIVE), seed=0)
    assert torch.equal(answers(model), answers(model))
    model.train()
    assert not torch.equal(answers(model), answers(model))
    assert torch.equal(answers(model.eval()), answers(model))


def test_the_prefix_stands_inside_the_marks_of_every_text(bases):
    with_prefix = build_method({"kind": "authorship", "prefix": "w3 w4"})
    backbone = load_backbone(bases["bert"], FIVE)
    with_prefix.make_room(backbone)
    model = with_prefix.prepare(backbone, seed=0)
    assert backbone.max_tokens == 62
    plain = build_method({"kind": "authorship"}).prepare(load_backbone(bases["bert"], FIVE), seed=0)
    by_hand = [[2, 7, 8, *row[1:]] for row in ROWS]
    assert torch.allclose(answers(model), answers(plain, by_hand), atol=1e-6)


def test_a_prefix_that_leaves_no_room_is_refused(bases):
    backbone = load_backbone(bases["bert"], FIVE)
    with pytest.raises(MethodError, match=r"takes 60 tokens, and .* reads 64 at once. Expected at most 48"):
        build_method({"kind": "authorship", "prefix": "w1 " * 60}).make_room(backbone)


def test_an_encoder_gives_its_first_token_and_a_decoder_its_last(bases):
    states = {}
    for family in ("bert", "llama"):
        backbone = load_backbone(bases[family], FIVE)
        states[family] = build_method({"kind": "authorship"}).prepare(backbone, seed=0).pooling
    assert states == {"bert": "first", "llama": "last"}
    backbone = load_backbone(bases["bert"], FIVE, pooling="mean")
    assert build_method({"kind": "authorship"}).prepare(backbone, seed=0).pooling == "mean"


def test_t5_in_float16_is_refused(bases):
    backbone = load_backbone(bases["t5-encoder"], FIVE)
    backbone.model.half()
    with pytest.raises(MethodError, match="overflows. Load it in float32 or bfloat16"):
        build_method({"kind": "authorship"}).prepare(backbone, seed=0)


def test_the_order_of_labels_is_the_order_of_logits_and_shuffled_labels_teach_nothing(bases):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, 240)
    rows = [[2, *(4 + 8 * label + rng.integers(0, 8, 6)), 3] for label in labels]
    targets = torch.from_numpy(labels)

    def accuracy(targets):
        method = build_method({"kind": "authorship", "hidden": 32})
        model = method.prepare(load_backbone(bases["bert"], FIVE), seed=0)
        torch.manual_seed(0)
        optimiser = method.optimiser(method.parameter_groups(model, lr=1e-2, head_lr=1e-2, weight_decay=0.0))
        for _ in range(40):
            model.classifier.train()
            method.loss(logits_of(model, collate(rows[:160], pad_id=0)), targets[:160], torch.ones(160)).backward()
            optimiser.step()
            optimiser.zero_grad()
        model.eval()
        return float((answers(model, rows[160:]).argmax(1) == torch.from_numpy(labels)[160:]).float().mean())

    assert accuracy(targets) > 0.9
    assert accuracy(torch.from_numpy(rng.permutation(labels))) < 0.45
    assert accuracy((targets + 1) % 5) < 0.05


def rows_of(n, seed):
    rng = np.random.default_rng(seed)
    for index in range(n):
        yield TokenRow([2, *(4 + 20 * (index % 2) + rng.integers(0, 20, rng.integers(5, 12))).tolist(), 3], index % 2)


def test_a_training_that_is_stopped_ends_in_the_same_bits_dropout_included(bases, tmp_path):
    def engine(run, *, is_resumed=False):
        config = TrainingConfig(threads=1, batch_tokens=128, n_epochs=2, checkpoint_every=3)
        folder = RunFolder(tmp_path / run)
        folder.open(config.model_dump(mode="json"), threads=1, is_resumed=is_resumed, force=False)
        return Engine(
            load_backbone(bases["t5-encoder"], DETECTION),
            build_method({"kind": "authorship", "hidden": 8, "network": "lora", "rank": 2}),
            train=build_store(tmp_path / f"{run}-{is_resumed}-train", rows_of(60, 0)),
            valid=build_store(tmp_path / f"{run}-{is_resumed}-valid", rows_of(20, 1)),
            config=config,
            run=folder,
            seed=0,
            is_quiet=True,
        )

    class Stop(Exception):
        pass

    def weights(result):
        return trainable(result.classifier.model)

    whole = weights(engine("whole").train())
    stopped = engine("stopped")
    real = stopped._step

    def step(number):
        if number == 5:
            raise Stop
        return real(number)

    stopped._step = step
    with pytest.raises(Stop):
        stopped.train()
    torch.manual_seed(123)
    resumed = weights(engine("stopped", is_resumed=True).train())
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
