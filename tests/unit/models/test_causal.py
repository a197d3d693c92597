import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.stories import convert_stories
from tests.tiny import WORDS, save_tiny_encoder, tiny_tokenizer
from transformers import BertConfig, BertLMHeadModel, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from tain.core.errors import ConfigError, DetectorError
from tain.evaluation.zero_shot import zero_shot_scores
from tain.models import token_statistics as module
from tain.models.causal import load_causal
from tain.models.token_statistics import token_statistics

NAMES = ("log_q", "rank", "entropy", "expected", "variance")
TEXTS = ["w1 w2 w3", "", "w5", "w7 w8 w9 w10 w11 w12 . w13 w14 w15", "w39 w0"]
STORY = (
    "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a "
    "big, red ball. She wanted to play with it, but it was too high."
)


def tiny_llama(folder, *, seed=0, extra=0):
    tokenizer = tiny_tokenizer()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer) + extra, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, intermediate_size=32, max_position_embeddings=64, initializer_range=0.8,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return load_causal(str(folder))


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return tiny_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def padded_llama(tmp_path_factory):
    """Of the same family, with a vocabulary padded to a rounder number."""
    return tiny_llama(tmp_path_factory.mktemp("padded"), seed=1, extra=3)


@pytest.fixture(scope="module")
def stories(tmp_path_factory, shared_data):
    source = shared_data / "weights" / "stories260K"
    if not source.is_dir():
        pytest.skip(f"needs the real tiny language model, and {source} is absent")
    return load_causal(str(convert_stories(shared_data, tmp_path_factory.mktemp("stories"))))


def slow_statistics(text, scoring, reference, *, has_end=True):
    """One text at a time, one token at a time, one number at a time."""
    ids = scoring.tokenizer(text)["input_ids"]
    ids = ids[:-1] if has_end else ids
    found = {name: [] for name in NAMES}
    for place in range(1, len(ids)):
        before = torch.tensor([ids[:place]])
        q, p = (model.model(input_ids=before).logits[0, -1].tolist() for model in (scoring, reference))
        q, p = q[: len(p)], p[: len(q)]
        total = math.log(math.fsum(math.exp(x) for x in q))
        log_q = [x - total for x in q]
        weight = math.fsum(math.exp(x) for x in p)
        p = [math.exp(x) / weight for x in p]
        mine = log_q[ids[place]]
        n_equal = sum(x == mine for x in log_q)
        found["log_q"].append(mine)
        found["rank"].append(1 + sum(x > mine for x in log_q) + (n_equal - 1) / 2)
        found["entropy"].append(-math.fsum(math.exp(x) * x for x in log_q))
        mean = math.fsum(a * b for a, b in zip(p, log_q, strict=True))
        found["expected"].append(mean)
        found["variance"].append(math.fsum(a * b * b for a, b in zip(p, log_q, strict=True)) - mean**2)
    return found


def assert_same(fast, slow):
    for name in NAMES:
        assert getattr(fast, name) == pytest.approx(slow[name], rel=1e-4, abs=1e-4), name


@pytest.mark.parametrize("max_logits", [1 << 26, 100])
def test_the_statistics_equal_a_slow_count_whatever_the_batch_and_the_stretch(llama, max_logits):
    for text, found in zip(TEXTS, token_statistics(TEXTS, llama, max_logits=max_logits), strict=True):
        assert_same(found, slow_statistics(text, llama, llama))


@pytest.mark.parametrize("max_logits", [1 << 26, 100])
def test_two_models_equal_a_slow_count_over_the_words_both_know(llama, padded_llama, max_logits):
    found = token_statistics(TEXTS, llama, reference=padded_llama, max_logits=max_logits)
    for text, of_text in zip(TEXTS, found, strict=True):
        assert_same(of_text, slow_statistics(text, llama, padded_llama))


def test_gpt2_which_has_other_positions_equals_a_slow_count(tmp_path):
    tokenizer = tiny_tokenizer()
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=32, n_embd=16, n_layer=2, n_head=2, initializer_range=0.5,
        bos_token_id=2, eos_token_id=3,
    )  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model = load_causal(str(tmp_path))
    assert model.max_tokens == 32
    for text, found in zip(TEXTS, token_statistics(TEXTS, model, max_logits=200), strict=True):
        assert_same(found, slow_statistics(text, model, model))


def test_distributions_are_worked_on_a_few_at_a_time(llama, monkeypatch):
    whole = token_statistics(TEXTS, llama)
    monkeypatch.setattr(module, "MAX_CELLS", 1)
    for first, second in zip(whole, token_statistics(TEXTS, llama), strict=True):
        assert np.array_equal(first.variance, second.variance)


def test_a_text_does_not_depend_on_its_neighbours(llama):
    alone = [token_statistics([text], llama)[0] for text in TEXTS]
    for first, second in zip(alone, token_statistics(TEXTS, llama), strict=True):
        assert first.log_q == pytest.approx(second.log_q, abs=1e-5)


def test_a_mark_for_the_end_is_not_scored_and_one_for_the_beginning_is_read(llama):
    assert [of_text.log_q.size for of_text in token_statistics(TEXTS, llama)] == [3, 0, 1, 10, 2]


def test_texts_are_cut_at_the_context_and_it_is_said(llama):
    long = " ".join(WORDS * 2)
    cut, whole = token_statistics([long, "w1 w2"], llama)
    assert (cut.is_truncated, cut.log_q.size) == (True, 63)
    assert not whole.is_truncated
    shorter = token_statistics([long], llama, max_tokens=10)[0]
    assert shorter.log_q == pytest.approx(cut.log_q[:9], abs=1e-5)


def test_exactly_the_context_is_not_cut(llama):
    found = token_statistics(["w1 w2 w3"], llama, max_tokens=4)[0]
    assert (found.is_truncated, found.log_q.size) == (False, 3)


def test_more_than_the_context_cannot_be_asked_for(llama):
    with pytest.raises(ConfigError, match="65 tokens are asked for; expected 2 to 64"):
        token_statistics(TEXTS, llama, max_tokens=65)


def test_progress_counts_the_texts_that_were_read(llama):
    done = []
    token_statistics(TEXTS, llama, advance=done.append)
    assert sum(done) == 4


def test_a_model_without_preference_is_known_by_hand(llama):
    model = load_causal(llama.name)
    with torch.no_grad():
        model.model.get_output_embeddings().weight.zero_()
    n = model.model.config.vocab_size
    found = token_statistics(["w1 w2 w3"], model)
    assert found[0].log_q == pytest.approx([-math.log(n)] * 3)
    assert found[0].rank.tolist() == [(n + 1) / 2] * 3
    assert found[0].entropy == pytest.approx([math.log(n)] * 3)
    assert found[0].variance == pytest.approx([0, 0, 0])
    scores = zero_shot_scores(found)
    assert scores["binoculars"] == pytest.approx([-1.0])
    assert np.isnan(scores["fast-detectgpt"]).all()


def test_models_with_other_words_are_refused(llama, tmp_path):
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["another"])
    llama.model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    other = load_causal(str(tmp_path))
    with pytest.raises(ConfigError, match="different tokenizers: 'another' is None in one and 45 in the other"):
        token_statistics(TEXTS, llama, reference=other)


def test_models_that_cut_a_text_differently_are_refused(llama):
    other = load_causal(llama.name)
    other.tokenizer.backend_tokenizer.post_processor = None  # the same words, and no mark for the beginning
    with pytest.raises(ConfigError, match="cut 'w1 w2 w3' into different tokens, 4 and 3 of them"):
        token_statistics(TEXTS, llama, reference=other)


class Forgetful:
    """A network that cannot go on from where it stopped."""

    def __init__(self, network):
        self.network, self.config, self.device = network, network.config, network.device

    def __call__(self, **inputs):
        return self.network(**{**inputs, "use_cache": False})


def test_a_network_without_a_memory_is_refused_where_one_stretch_is_not_enough(llama):
    forgetful = replace(llama, model=Forgetful(llama.model))
    assert token_statistics(TEXTS, forgetful)[0].log_q.size == 3
    with pytest.raises(ConfigError, match="keeps no memory of what it has read, and 10 tokens at once are too many"):
        token_statistics(TEXTS, forgetful, max_logits=100)


def test_an_encoder_that_reads_ahead_is_refused(tmp_path):
    tokenizer = tiny_tokenizer()
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, initializer_range=0.5,
    )  # fmt: skip
    BertLMHeadModel(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="reads tokens that come later, so it is no causal model"):
        load_causal(str(tmp_path))


def test_weights_that_are_not_there_are_never_drawn_at_random(tmp_path):
    folder = save_tiny_encoder(tmp_path)
    with pytest.raises(DetectorError, match=r"weights are not in its files, such as cls\."):
        load_causal(str(folder))


def test_what_is_no_model_is_said_to_be_none(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DetectorError, match="cannot be loaded as a causal language model"):
        load_causal(str(tmp_path))


def test_a_real_model_tells_its_story(stories):
    ids = torch.tensor([[stories.tokenizer.bos_token_id]])
    told = stories.model.generate(ids, max_new_tokens=110, do_sample=False)
    assert stories.tokenizer.decode(told[0], skip_special_tokens=True).startswith(STORY)


def test_on_a_real_model_the_statistics_equal_a_slow_count(stories):
    found = token_statistics([STORY[:40], "The committee adjourned."], stories, max_logits=5_000)
    for text, of_text in zip([STORY[:40], "The committee adjourned."], found, strict=True):
        assert_same(of_text, slow_statistics(text, stories, stories, has_end=False))


def test_every_score_of_a_real_model_puts_its_own_story_above_its_words_shuffled(stories):
    words = STORY.split()
    rng = np.random.default_rng(0)
    texts = [STORY, *(" ".join(rng.permutation(words)) for _ in range(4))]
    for name, scores in zero_shot_scores(token_statistics(texts, stories)).items():
        assert scores[0] > scores[1:].max(), name
