"""Where the prompt stands, where it starts, what is pooled, and how much room it takes."""

import pytest
import torch
from tests.tiny import FAMILIES, save_tiny

from tain.core.errors import ConfigError, DetectorError, MethodError
from tain.core.example import DETECTION, LabelSet
from tain.methods import build_method
from tain.methods.method import trainable
from tain.models import collate, load_backbone, logits_of
from tain.models.pooling import pool

ROWS = [[2, 5, 6, 7, 3], [2, 8, 9, 3], [2, 30, 31, 32, 33, 34, 3]]
K = 5
DECODERS = ("llama", "qwen", "gpt2")


@pytest.fixture(scope="session")
def bases(tmp_path_factory):
    return {family: str(save_tiny(family, tmp_path_factory.mktemp("bases") / family)) for family in FAMILIES}


def prepared(base, *, labels=DETECTION, pooling="native", **settings):
    backbone = load_backbone(base, labels, pooling=pooling)
    method = build_method({"kind": "prompt_tuning", "n_tokens": K, **settings})
    return method, backbone, method.prepare(backbone, seed=0)


def answer(model, rows=ROWS):
    with torch.no_grad():
        return logits_of(model.eval(), collate(rows, pad_id=0))


def prompt_of(model):
    return model.base_model.prompt.detach()


def seen_by(model, rows=ROWS):
    """What the network itself is given for a batch, and its last states."""
    seen = {}

    def note(module, args, kwargs, output):
        # A copy: the wrapper takes the prompt's states out of the output.
        seen.update(kwargs, states=output.last_hidden_state)

    handle = model.base_model.network.register_forward_hook(note, with_kwargs=True)
    answer(model, rows)
    handle.remove()
    return seen


def test_only_the_prompt_and_the_head_get_gradients(bases):
    _, _, model = prepared(bases["bert"])
    logits_of(model, collate(ROWS, pad_id=0)).square().sum().backward()
    with_gradients = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert with_gradients == {"bert.prompt", "classifier.weight", "classifier.bias"} == set(trainable(model))
    assert prompt_of(model).shape == (K, 16)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_network_reads_the_prompt_behind_the_first_token_or_before_everything(bases, family):
    _, _, model = prepared(bases[family])
    table = model.get_input_embeddings()
    seen = seen_by(model)
    at = 0 if family in DECODERS else 1
    assert seen["inputs_embeds"].shape == (3, 7 + K, 16)
    assert torch.equal(seen["inputs_embeds"][:, at : at + K], prompt_of(model).expand(3, -1, -1))
    words = torch.cat([seen["inputs_embeds"][:, :at], seen["inputs_embeds"][:, at + K :]], 1)
    assert torch.equal(words, table(collate(ROWS, pad_id=0)["input_ids"]))
    assert seen["attention_mask"].sum(1).tolist() == [len(row) + K for row in ROWS]
    assert seen["attention_mask"][1].tolist() == [1] * (4 + K) + [0] * 3
    assert answer(model).shape == (3, 2)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("pooling", ["mean", "first", "last"])
def test_no_pooling_reads_a_virtual_token(bases, family, pooling):
    _, backbone, model = prepared(bases[family], pooling=pooling)
    seen = seen_by(model)
    at = 0 if family in DECODERS else 1
    states = torch.cat([seen["states"][:, :at], seen["states"][:, at + K :]], 1)
    pooled = pool(states, collate(ROWS, pad_id=0)["attention_mask"], pooling)
    head = getattr(model, backbone.head_name)
    expected = head(pooled if isinstance(head, torch.nn.Linear) else pooled.unsqueeze(1))
    assert torch.equal(answer(model), expected)


@pytest.mark.parametrize("family", FAMILIES)
def test_native_pooling_reads_the_first_or_last_token_of_the_text(bases, family):
    _, _, model = prepared(bases[family])
    seen = seen_by(model)
    n = torch.tensor([len(row) for row in ROWS])
    if family in DECODERS:
        expected = model.score(seen["states"][torch.arange(3), n + K - 1])
    else:
        first = seen["states"][:, :1]  # in front of the prompt
        expected = {
            "bert": lambda: model.classifier(model.bert.network.pooler(first)),
            "roberta": lambda: model.classifier(first),
            "xlm-roberta": lambda: model.classifier(first),
            "deberta-v3": lambda: model.classifier(model.pooler(first)),
            "modernbert": lambda: model.classifier(model.head(first[:, 0])),
            "t5-encoder": lambda: model.classifier(first[:, 0]),
        }[family]()
    assert torch.allclose(answer(model), expected, atol=1e-6)


def test_a_native_mean_counts_no_virtual_token(bases):
    backbone = load_backbone(bases["modernbert"], DETECTION)
    backbone.model.config.classifier_pooling = "mean"
    model = build_method({"kind": "prompt_tuning", "n_tokens": K}).prepare(backbone, seed=0)
    states = seen_by(model)["states"]
    pooled = pool(torch.cat([states[:, :1], states[:, 1 + K :]], 1), collate(ROWS, pad_id=0)["attention_mask"], "mean")
    assert torch.allclose(answer(model), model.classifier(model.head(pooled)), atol=1e-6)


def test_positions_run_on_through_the_prompt(bases):
    _, _, model = prepared(bases["bert"])
    network, seen = model.bert.network, seen_by(model)
    positions = torch.arange(7 + K).expand(3, -1)
    with torch.no_grad():
        spelled_out = network(
            inputs_embeds=seen["inputs_embeds"], attention_mask=seen["attention_mask"], position_ids=positions
        )
    assert torch.equal(spelled_out.last_hidden_state, seen["states"])


@pytest.mark.parametrize("family", FAMILIES)
def test_the_order_of_a_batch_does_not_matter(bases, family):
    _, _, model = prepared(bases[family], init="random")
    order = [2, 0, 1]
    permuted = answer(model, [ROWS[i] for i in order])
    assert torch.allclose(permuted, answer(model)[order], atol=1e-6)


def test_the_prompt_changes_what_is_answered(bases):
    for family in FAMILIES:
        _, _, model = prepared(bases[family])
        before = answer(model)
        with torch.no_grad():
            model.base_model.prompt.add_(torch.randn(K, 16))
        assert (answer(model) - before).abs().max() > 1e-4, family


def test_class_labels_start_at_the_rows_of_their_words_and_frequent_tokens_fill_up(bases):
    labels = LabelSet(("w3", "w7 w8"))
    _, backbone, model = prepared(bases["bert"], labels=labels)
    ids = backbone.tokenizer.get_vocab()
    table = model.bert.network.get_input_embeddings().weight
    prompt = prompt_of(model)
    assert torch.equal(prompt[0], table[ids["w3"]])
    assert torch.allclose(prompt[1], (table[ids["w7"]] + table[ids["w8"]]) / 2)  # several tokens are averaged
    rest = [row for vector in prompt[2:] for row in range(len(table)) if torch.equal(vector, table[row])]
    assert len(set(rest)) == K - 2
    assert all(backbone.tokenizer.convert_ids_to_tokens(row).startswith("w") for row in rest)


def test_a_prompt_shorter_than_the_labels_starts_at_the_first_of_them(bases):
    _, backbone, model = prepared(bases["bert"], labels=LabelSet(("w3", "w4")), n_tokens=1)
    table = model.bert.network.get_input_embeddings().weight
    assert torch.equal(prompt_of(model), table[backbone.tokenizer.convert_tokens_to_ids(["w3"])])


def test_labels_that_the_tokenizer_does_not_know_give_way_to_frequent_tokens(bases):
    _, _, of_labels = prepared(bases["bert"])  # human and ai are no words of the tiny vocabulary
    _, _, of_words = prepared(bases["bert"], init="vocabulary")
    assert torch.equal(prompt_of(of_labels), prompt_of(of_words))


def test_a_prompt_longer_than_the_vocabulary_repeats_it(bases):
    _, _, model = prepared(bases["bert"], init="vocabulary", n_tokens=45)
    assert len(prompt_of(model).unique(dim=0)) == 40  # every word, and neither "." nor a special token


def test_a_random_start_is_uniform_from_minus_to_plus_a_half(bases):
    _, _, model = prepared(bases["bert"], init="random", n_tokens=40)
    prompt = prompt_of(model)
    assert prompt.abs().max() <= 0.5
    assert prompt.var() == pytest.approx(1 / 12, rel=0.2)


@pytest.mark.parametrize("family", FAMILIES)
def test_text_has_k_tokens_less_of_room_and_can_use_all_of_it(bases, family, tmp_path):
    method, backbone, model = prepared(bases[family])
    assert backbone.max_tokens == 64 - K
    method.make_room(backbone)
    assert backbone.max_tokens == 64 - K  # asked twice, lowered once
    longest = [[2, *[5] * (backbone.max_tokens - 2), 3]]
    assert answer(model, longest).isfinite().all()
    with pytest.raises(MethodError, match=r"60 tokens and a prompt of 5 .* Cut texts to 59 tokens"):
        answer(model, [[*longest[0], 3]])
    method.save(model, tmp_path)
    fresh = load_backbone(bases[family], DETECTION)
    method.load(fresh, tmp_path)
    assert fresh.max_tokens == 64 - K


def test_a_limit_that_was_lowered_before_stays(bases):
    backbone = load_backbone(bases["bert"], DETECTION)
    backbone.max_tokens = 20
    build_method({"kind": "prompt_tuning", "n_tokens": K}).make_room(backbone)
    assert backbone.max_tokens == 20


def test_a_prompt_that_leaves_no_room_for_text_is_refused(bases):
    with pytest.raises(MethodError, match=r"n_tokens is 50, but .* reads 64 tokens at once. Expected at most 48"):
        prepared(bases["bert"], n_tokens=50)
    with pytest.raises(ConfigError, match="method.n_tokens is 0"):
        build_method({"kind": "prompt_tuning", "n_tokens": 0})


def test_segments_are_filled_up_and_positions_refused(bases):
    _, _, model = prepared(bases["bert"])
    batch = collate(ROWS, pad_id=0)
    with torch.no_grad():
        first_segment = model(**batch, token_type_ids=torch.zeros_like(batch["input_ids"])).logits
        second_segment = model(**batch, token_type_ids=torch.ones_like(batch["input_ids"])).logits
    assert torch.equal(first_segment, answer(model))
    assert not torch.equal(second_segment, first_segment)
    with pytest.raises(MethodError, match="takes no position_ids"):
        model(**batch, position_ids=torch.arange(7).expand(3, -1))


def test_a_missing_mask_means_no_padding(bases):
    _, _, model = prepared(bases["bert"])
    with torch.no_grad():
        assert torch.equal(model(input_ids=torch.tensor(ROWS[:1])).logits, answer(model, ROWS[:1]))


def test_a_backbone_is_prepared_once(bases):
    method, backbone, _ = prepared(bases["bert"])
    with pytest.raises(MethodError, match="was prepared before"):
        method.prepare(backbone, seed=0)


def test_a_prompt_is_not_merged(bases):
    method, _, model = prepared(bases["bert"])
    with pytest.raises(MethodError, match="cannot be merged"):
        method.merge(model)


def test_a_prompt_of_another_length_is_refused(bases, tmp_path):
    method, _, model = prepared(bases["bert"])
    method.save(model, tmp_path)
    with pytest.raises(DetectorError, match=r"bert.prompt has shape \(5, 16\), expected \(6, 16\)"):
        build_method({"kind": "prompt_tuning", "n_tokens": 6}).load(load_backbone(bases["bert"], DETECTION), tmp_path)


def test_a_loaded_model_is_saved_whole_again(bases, tmp_path):
    method, _, model = prepared(bases["bert"])
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    method.save(model, tmp_path / "one")
    loaded = method.load(load_backbone(bases["bert"], DETECTION, seed=9), tmp_path / "one").requires_grad_(False)
    method.save(loaded, tmp_path / "two")
    files = [(tmp_path / name / "prompt.safetensors").read_bytes() for name in ("one", "two")]
    assert files[0] == files[1]
