import json
from collections import Counter

import pytest
import torch
from tests.reference_llama import ReferenceLlama
from tests.stories import SOURCE, convert_stories
from tests.story_server import end_at_paragraphs, story_parents, template_flags
from tests.tiny import tiny_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from tain.cli.app import run
from tain.mirrors.request import Answer, Message, MirrorRequest, RefusedError, Sampling
from tain.recipes.mirror.local_model import LocalModel, SeededSampling


def request(text, **params):
    prompt = (Message("system", ""), Message("user", text)) if text is None else (Message("user", text),)
    sampling = Sampling(**{"max_tokens": 12, "temperature": 1.0, "seed": 1} | params)
    return MirrorRequest("p", "g", prompt, "t", "1", "v", "tiny", sampling, 1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = tiny_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        intermediate_size=32, max_position_embeddings=64, pad_token_id=tokenizer.pad_token_id, initializer_range=0.5,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return LocalModel(str(folder))


def test_the_text_of_a_request_depends_on_its_seed_and_not_on_its_neighbours(tiny):
    asked = [request("w1 w2 w3", seed=5), request("w4", seed=6), request("w5 w6 w7 w8 w9", seed=7)]
    together = tiny(asked)
    alone = [tiny([each])[0] for each in asked]
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    assert tiny([request("w1 w2 w3", seed=8)])[0].text != alone[0].text


def test_each_request_has_its_own_limit(tiny):
    short, long = tiny([request("w1", max_tokens=3), request("w2", max_tokens=9)])
    assert (short.usage.completion_tokens, long.usage.completion_tokens) == (3, 9)
    assert (short.finish_reason, short.model) == ("length", "tiny")


def test_temperature_0_is_greedy_whatever_the_seed(tiny):
    first, second = tiny([request("w1 w2", temperature=0, seed=1), request("w1 w2", temperature=0, seed=2)])
    assert first.text == second.text


def test_a_prompt_that_fills_the_context_is_refused_and_the_others_are_answered(tiny):
    full, fine = tiny([request(" ".join(["w1"] * 80)), request("w1")])
    assert isinstance(full, RefusedError)
    assert "the model reads 64" in str(full)
    assert isinstance(fine, Answer)


def test_noise_before_the_arg_max_draws_from_the_distribution():
    wanted = torch.tensor([0.5, 0.3, 0.15, 0.05])
    sampling = SeededSampling([Sampling(1, 1.0, seed=3)], default_temperature=1.0)
    drawn = Counter(int(sampling(torch.zeros(1, 1), wanted.log()[None]).argmax()) for _ in range(4000))
    assert torch.tensor([drawn[i] / 4000 for i in range(4)]).sub(wanted).abs().max() < 0.03


def test_top_p_leaves_out_the_unlikely():
    wanted = torch.tensor([0.5, 0.3, 0.15, 0.05])
    sampling = SeededSampling([Sampling(1, 1.0, 0.6, seed=3)], default_temperature=1.0)
    drawn = {int(sampling(torch.zeros(1, 1), wanted.log()[None]).argmax()) for _ in range(500)}
    assert drawn == {0, 1}


def test_a_real_model_says_greedily_what_the_reference_says(shared_data, tmp_path):
    reference = ReferenceLlama(shared_data / SOURCE)
    model = LocalModel(str(convert_stories(shared_data, tmp_path)))
    beginnings = ["Once upon a time, there was a little girl named Lily.", "The “café” was 12 ☕ big!\nTom said"]
    answers = model([request(text, temperature=0, max_tokens=60) for text in beginnings])
    for text, answer in zip(beginnings, answers, strict=True):
        assert answer.usage.prompt_tokens == len(reference.encode(text))
        assert answer.text == reference.decode(reference.greedy(text, n_new=60)).strip()


def test_a_model_on_this_machine_writes_mirrors_from_the_command_line(shared_data, tmp_path, capsys):
    model = end_at_paragraphs(convert_stories(shared_data, tmp_path / "stories"))
    humans = tmp_path / "humans.jsonl"
    humans.write_text("".join(json.dumps(row | {"language": "en"}) + "\n" for row in story_parents(6)))
    words = ["mirror", str(humans), "--generator", "local", "--model", str(model), *template_flags(tmp_path), "--json"]
    for name in ("one", "other"):
        assert run([*words, "--output", str(tmp_path / f"{name}.jsonl")]) == 0
    said = json.loads(capsys.readouterr().out.partition("}\n{")[0] + "}")
    one, other = (
        [row for row in map(json.loads, (tmp_path / f"{name}.jsonl").read_text().splitlines())]
        for name in ("one", "other")
    )
    assert one == other
    assert (said["n_open"], said["states"]["accepted"]) == (0, len(one))
    assert len(one) >= 3
    assert {row["generator"] for row in one} == {str(model)}
