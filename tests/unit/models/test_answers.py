"""Answers of a causal model, held against its log-probabilities one token at a time."""

import pytest
import torch
from tests.tiny import save_tiny_decoder

from tain.models.answers import choice_log_likelihoods, generate
from tain.models.causal import load_causal


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_causal(str(save_tiny_decoder(tmp_path_factory.mktemp("decoder"))))


def slowly(model, question: str, choice: str) -> float:
    [(before, _)] = model.encode([question], max_tokens=1000)
    answer = model.tokenizer(f" {choice}", add_special_tokens=False)["input_ids"]
    found, ids = [], list(before)
    for token in answer:
        logits = model.model(input_ids=torch.tensor([ids])).logits[0, -1].log_softmax(-1)
        found.append(float(logits[token]))
        ids.append(token)
    return sum(found) / len(found)


def test_choices_are_as_likely_as_token_by_token_whatever_stands_beside_them(model):
    question, choices = "w1 w2 w3", ["w4", "w5 w6 w7", "w8 w9"]
    with torch.inference_mode():
        expected = [slowly(model, question, choice) for choice in choices]
    assert choice_log_likelihoods(model, question, choices) == pytest.approx(expected, abs=1e-5)
    assert choice_log_likelihoods(model, question, choices[1:2]) == pytest.approx(expected[1:2], abs=1e-5)


def test_of_a_long_question_the_end_is_read(model):
    long = " ".join(f"w{i % 40}" for i in range(300))
    end = " ".join(long.split()[-20:])
    assert choice_log_likelihoods(model, long, ["w1"]) != choice_log_likelihoods(model, end, ["w1"])
    assert len(generate(model, long, max_new_tokens=4)) == 1


def test_the_likeliest_text_is_one_and_drawn_texts_are_as_the_seed_says(model):
    assert generate(model, "w1 w2", max_new_tokens=5) == generate(model, "w1 w2", n_samples=3, max_new_tokens=5)
    drawn = [generate(model, "w1", n_samples=4, max_new_tokens=6, temperature=1.0, seed=seed) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2] and len(drawn[0]) == 4
    assert all(text.split()[:1] != "w1" for text in drawn[0])
