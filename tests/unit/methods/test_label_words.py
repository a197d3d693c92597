import json

import pytest
import torch
from tests.stories import convert_stories
from tests.tiny import save_tiny, tiny_tokenizer
from transformers import AutoModelForCausalLM

from tain.cli import DONE
from tain.cli.app import run
from tain.core.errors import ConfigError, MethodError
from tain.core.example import DETECTION, LabelSet
from tain.methods import build_method
from tain.methods.method import trainable
from tain.methods.prompt import build_prompt
from tain.models import collate, load_backbone, logits_of
from tain.models.dropout import set_dropout
from tain.recipes.export import _require
from tain.training.classifier import Classifier, load_classifier, save_classifier

SETTINGS = {
    "kind": "label_words", "rank": 2, "introduction": "w1 w2", "instruction": "w3 w4",
    "label_words": {"human": "w5", "ai": "w6"},
}  # fmt: skip
ROWS = [[2, 5, 6, 7, 3], [2, 30, 31, 3], [2, 12, 13, 14, 15, 16, 17, 3]]
STORIES = ["Once upon a time there was a little girl named Lily.", "The big dog ran to the park. He was happy."]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(save_tiny("llama", tmp_path_factory.mktemp("llama")))


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    return str(save_tiny("gpt2", tmp_path_factory.mktemp("gpt2")))


@pytest.fixture(scope="module")
def stories(tmp_path_factory, shared_data):
    source = shared_data / "weights" / "stories260K"
    if not source.is_dir():
        pytest.skip(f"needs the real tiny language model, and {source} is absent")
    return str(convert_stories(shared_data, tmp_path_factory.mktemp("stories")))


def prepared(base, *, labels=DETECTION, rows=(), targets=(), **settings):
    backbone = load_backbone(base, labels)
    method = build_method({**SETTINGS, **settings})
    method.make_room(backbone)
    method.look_at(backbone, rows, targets)
    return method, backbone, method.prepare(backbone, seed=0)


def answers(model, rows=ROWS):
    with torch.no_grad():
        return logits_of(model, collate(rows, pad_id=0))


def slow(base, prompt, rows, *, begin=(2,), end=(3,)):
    """One text at a time, ids put together by hand, every logit computed, by transformers' own class."""
    network = AutoModelForCausalLM.from_pretrained(base).eval()
    found = []
    for row in rows:
        text = row[len(begin) : len(row) - len(end)]
        ids = torch.tensor([[*begin, *prompt.before, *text, *prompt.after]])
        with torch.no_grad():
            log_p = network(input_ids=ids).logits[0, -1].log_softmax(-1)
        found.append(log_p[list(prompt.words.values())])
    return torch.stack(found)


@pytest.mark.parametrize("family", ["base", "gpt2"])
def test_zero_shot_equals_a_direct_slow_computation(family, request):
    base = request.getfixturevalue(family)
    method, backbone, model = prepared(base, network="frozen")
    assert not trainable(model)
    assert method.n_trainable(load_backbone(base, DETECTION)) == 0
    expected = slow(base, method._prompt(backbone, []), ROWS)
    assert torch.allclose(answers(model), expected, atol=1e-5)


def test_dropout_that_the_training_asks_for_reaches_the_decoder_with_the_head(base, gpt2):
    for name, asked in ((base, {"attention": 0.5}), (gpt2, {"hidden": 0.25})):
        backbone, method = load_backbone(name, DETECTION), build_method({**SETTINGS, "network": "frozen"})
        set_dropout(backbone.model, **asked)
        method.make_room(backbone)
        model = method.prepare(backbone, seed=0)
        still = answers(model)
        assert torch.equal(answers(model), still)
        model.train()
        torch.manual_seed(0)
        assert not torch.equal(answers(model), still)


def test_scores_are_shares_of_the_whole_vocabulary(base):
    _, _, model = prepared(base)
    assert (answers(model).exp().sum(1) < 0.9).all()


def test_the_real_language_model_answers_the_same_alone_and_in_a_batch(stories):
    words = {"human": "a", "ai": "b"}
    settings = {"instruction": "Who?", "introduction": "Read.", "network": "frozen", "label_words": words}
    method, backbone, model = prepared(stories, **settings)
    assert model.network.lm_head.weight is model.network.get_input_embeddings().weight
    rows = [backbone.tokenizer(text)["input_ids"] for text in STORIES]
    expected = slow(stories, method._prompt(backbone, []), rows, begin=(1,), end=())
    assert torch.allclose(answers(model, rows), expected, atol=1e-5)


def test_the_prompt_of_a_real_tokenizer_reads_back_as_it_was_written(stories):
    words = {"human": "a", "ai": "b"}
    backbone = load_backbone(stories, DETECTION)
    method = build_method({**SETTINGS, "introduction": "Read this.", "instruction": "Who wrote it?", "n_shots": 2})
    method = type(method)(method.config.model_copy(update={"label_words": words}))
    rows = [backbone.tokenizer(text)["input_ids"] for text in STORIES]
    method.look_at(backbone, rows, [0, 1])
    method.make_room(backbone)
    model = method.prepare(backbone, seed=0)
    batch = collate(rows, pad_id=backbone.tokenizer.pad_token_id)
    ids, mask = model.frame(batch["input_ids"], batch["attention_mask"])
    for text, row, chosen in zip(STORIES, ids, mask, strict=True):
        shots = "".join(
            f"### Input:\n{shot}\n\n### Response:\n{word}\n\n" for shot, word in zip(STORIES, "ab", strict=True)
        )
        expected = f"Read this.\n\n### Instruction:\nWho wrote it?\n\n{shots}### Input:\n{text}\n\n### Response:\n"
        read = backbone.tokenizer.decode(row[chosen == 1], skip_special_tokens=True)
        # A tokenizer of sentencepiece kind begins each text with a space.
        assert read.replace("\n ", "\n").strip(" ") == expected
        assert row[-1] == model.frame.after[-1]
    assert model.text.endswith("### Input:\n{text}\n\n### Response:\n")


def test_no_text_is_so_long_that_the_response_marker_is_lost(base):
    _, backbone, model = prepared(base)
    n_prompt = len(model.frame.before) + len(model.frame.after)
    assert backbone.max_tokens == 64 - n_prompt
    long = [2, *([7] * 200), 3]
    ids, mask = model.frame(torch.tensor([long]), torch.ones(1, len(long), dtype=torch.int64))
    kept = ids[0][mask[0] == 1].tolist()
    assert len(kept) == 64 - 1  # the mark of the end leaves room
    assert kept[: 1 + len(model.frame.before)] == [2, *model.frame.before.tolist()]
    assert kept[-len(model.frame.after) :] == model.frame.after.tolist()
    assert torch.isfinite(answers(model, [long])).all()


def test_padding_and_the_order_of_a_batch_change_nothing(base):
    _, _, model = prepared(base)
    together = answers(model)
    alone = torch.cat([answers(model, [row]) for row in ROWS])
    assert torch.allclose(together, alone, atol=1e-6)
    assert torch.allclose(answers(model, ROWS[::-1]).flip(0), together, atol=1e-6)
    wide = {key: torch.nn.functional.pad(value, (0, 9)) for key, value in collate(ROWS, pad_id=0).items()}
    with torch.no_grad():
        assert torch.allclose(logits_of(model, wide), together, atol=1e-6)


def test_other_words_for_the_labels_permute_the_scores(base):
    _, _, model = prepared(base)
    _, _, swapped = prepared(base, label_words={"human": "w6", "ai": "w5"})
    assert torch.equal(answers(model).flip(1), answers(swapped))


def test_the_loss_is_that_of_a_language_model_masked_to_the_answer(base):
    method, backbone, model = prepared(base, network="full")
    prompt, targets = method._prompt(backbone, []), torch.tensor([1, 0, 1])
    loss = method.loss(logits_of(model, collate(ROWS, pad_id=0)), targets, torch.ones(3))
    network = AutoModelForCausalLM.from_pretrained(base)
    losses = []
    for row, target in zip(ROWS, targets.tolist(), strict=True):
        asked = [2, *prompt.before, *row[1:-1], *prompt.after]
        word = list(prompt.words.values())[target]
        labels = torch.tensor([[*([-100] * len(asked)), word]])
        losses.append(network(input_ids=torch.tensor([[*asked, word]]), labels=labels).loss)
    expected = torch.stack(losses).mean()
    assert torch.allclose(loss, expected, atol=1e-5)
    loss.backward()
    expected.backward()
    for name, parameter in network.named_parameters():
        assert torch.allclose(model.network.get_parameter(name).grad, parameter.grad, atol=1e-5), name


def test_the_loss_among_labels_is_cross_entropy(base):
    method = build_method({**SETTINGS, "loss": "labels"})
    logits, targets = torch.randn(3, 2), torch.tensor([0, 1, 1])
    expected = torch.nn.functional.cross_entropy(logits, targets)
    assert torch.allclose(method.loss(logits, targets, torch.ones(3)), expected)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"human": "w5", "ai": "w5"}, r"'w5', the word of human, and 'w5', that of ai, begin with the same token 'w5'"),
        ({"human": "w5 w7", "ai": "w5 w8"}, r"'w5 w7', the word of human, and 'w5 w8', that of ai, begin with the sa"),
        ({"human": "w5 w7", "ai": "w8"}, r"'w5 w7', the word of human, is 2 tokens .*'w5', 'w7'\), expected one"),
        ({"human": "w5", "ai": "robot"}, r"does not know 'robot', the word of ai"),
        ({"human": "w5"}, r"has words for human, and the labels are human, ai"),
    ],
)
def test_words_that_cannot_be_told_apart_are_named(base, words, message):
    with pytest.raises(MethodError, match=message):
        prepared(base, label_words=words)


def test_labels_are_their_own_words_and_may_be_many():
    prompt = build_prompt(tiny_tokenizer(), ("w1", "w2", "w3"), words={}, introduction="w4", instruction=None)
    assert list(prompt.words) == ["w1", "w2", "w3"]
    assert "fits the input best: w1, w2, w3?" in prompt.text


def test_three_labels_give_three_scores(base, tmp_path):
    labels = LabelSet(("w7", "w8", "w9"))
    folder = save_tiny("llama", tmp_path)
    _, _, model = prepared(str(folder), labels=labels, label_words={})
    assert answers(model).shape == (3, 3)


def test_an_encoder_is_refused(tmp_path):
    with pytest.raises(MethodError, match="foretells no next word. label_words needs a decoder"):
        prepared(str(save_tiny("bert", tmp_path)))


def test_a_prompt_that_leaves_no_room_is_refused(base):
    with pytest.raises(MethodError, match=r"The prompt takes \d+ tokens, and .* reads 64 at once. Expected at most 48"):
        prepared(base, instruction="w1 " * 60)


def test_shots_are_the_first_texts_of_each_class_in_turn_and_travel_with_the_model(base, tmp_path):
    method, backbone, model = prepared(base, rows=ROWS, targets=[1, 0, 1], n_shots=2, shot_tokens=4)
    assert method.shots == [([30, 31], "human"), ([5, 6, 7], "ai")]
    before = model.frame.before.tolist()
    assert before[before.index(30) : before.index(30) + 2] == [30, 31]
    expected = slow(base, method._prompt(backbone, method.shots), ROWS[:1])
    assert torch.allclose(answers(model, ROWS[:1]), expected, atol=1e-5)
    classifier = Classifier(backbone, method, model, 20)
    save_classifier(classifier, tmp_path / "model", probe_rows=ROWS)
    loaded = load_classifier(tmp_path / "model")
    assert (loaded.logits(ROWS) == classifier.logits(ROWS)).all()
    assert loaded.model.frame.before.tolist() == before


def test_shots_that_no_text_is_there_for_are_refused(base):
    with pytest.raises(MethodError, match="n_shots is 3, but there are 1 human texts"):
        prepared(base, rows=ROWS, targets=[1, 0, 1], n_shots=3, shot_tokens=2)
    backbone = load_backbone(base, DETECTION)
    with pytest.raises(MethodError, match="no texts were looked at"):
        build_method({**SETTINGS, "n_shots": 1}).prepare(backbone, seed=0)


def test_the_count_of_full_training_counts_tied_weights_once(gpt2):
    backbone = load_backbone(gpt2, DETECTION)
    method = build_method({**SETTINGS, "network": "full"})
    expected = sum(p.numel() for p in AutoModelForCausalLM.from_pretrained(gpt2).parameters())
    assert method.n_trainable(backbone) == expected
    model = method.prepare(backbone, seed=0)
    assert sum(p.numel() for p in trainable(model).values()) == expected
    model.train()
    assert torch.equal(answers(model), answers(model)), "dropout of the network is off"


def test_the_backbones_first_network_is_let_go(base):
    _, backbone, _ = prepared(base)
    assert all(parameter.is_meta for parameter in backbone.model.parameters())


def test_a_frozen_network_is_judged_and_saved_without_training(base, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))
    texts = tmp_path / "texts.jsonl"
    rows = ({"text": f"w{i} w{i + 1} w{i + 2}", "label": ("human", "ai")[i % 2]} for i in range(30))
    texts.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {
        "method.kind": "label_words", "method.network": "frozen", "method.introduction": "w1",
        "method.instruction": "w2", "method.n_shots": 2, "method.shot_tokens": 2, "corpus.min_words": 1,
        "corpus.near_duplicates": "false", "corpus.valid_share": 0.4, "training.threads": 1,
        "method.label_words": "{human='w5', ai='w6'}",
    }  # fmt: skip
    options = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    output = tmp_path / "run"
    assert run(["train", "--train", str(texts), "--base", base, "--output", str(output), "--quiet", *options]) == DONE
    manifest = json.loads((output / "manifest.json").read_text())
    assert (manifest["n_steps"], manifest["best_step"]) == (0, 0)
    classifier = load_classifier(output / "model")
    assert classifier.logits(ROWS).shape == (3, 2)
    assert not trainable(classifier.model)
    assert len(json.loads((output / "model" / "prompt.json").read_text())["before"]) > 10


def test_no_stock_class_is_promised(base):
    method, backbone, model = prepared(base)
    with pytest.raises(ConfigError, match="Stock transformers has no class for what label_words trains"):
        _require("transformers", Classifier(backbone, method, model, 20))
