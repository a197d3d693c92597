"""Classical detectors and zero-shot scores in the Report of a small detector."""

import json

import pytest
import torch
from tests.detector_fixtures import made_up_texts, make_detector
from tests.tiny import tiny_tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from tain.cli import DONE, MISUSE
from tain.cli.app import run
from tain.core.errors import ConfigError
from tain.evaluation.schema import Report
from tain.recipes.other_detectors import OtherDetectors


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_detector(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def causal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("causal")
    tokenizer = tiny_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def rows(path, *, seed):
    texts = [(text, label) for label in ("human", "ai") for text in made_up_texts(20, seed=seed, ai=label == "ai")]
    lines = [{"id": f"{seed}-{i}", "text": text, "label": label} for i, (text, label) in enumerate(texts)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def evaluate(folder, model, *more):
    test = rows(folder / "test.jsonl", seed=7)
    out = folder / "report"
    arguments = ["--data", test, "--model", model, "--output", out, "--quiet", "--draws", 50, *more]
    return run(["evaluate", *map(str, arguments)]), out / "report.json"


def test_all_stand_in_one_report_with_what_they_were_made_from(model, causal, tmp_path, capsys):
    train = rows(tmp_path / "train.jsonl", seed=11)
    flags = ("--baseline", "words-tree", "--baseline", "style-logistic", "--baseline-train", train)
    status, path = evaluate(tmp_path, model, *flags, "--zero-shot", causal)
    assert status == DONE
    report = Report.load(path)
    names = [comparison.name for comparison in report.comparisons]
    assert names[:2] == ["400 words + decision tree", "stylometry + logistic regression"]
    assert names[2:] == [
        f"zero-shot {name}"
        for name in ("likelihood", "log-rank", "entropy", "lrr", "fast-detectgpt", "binoculars")
    ]  # fmt: skip
    sources = report.provenance["other detectors"]
    assert sources[0]["baseline"] == "words-tree"
    assert sources[0]["training texts"] == 40
    assert len(sources[0]["training texts sha256"]) == 64
    assert sources[2] == {"name": "zero-shot likelihood", "zero-shot": "likelihood", "model": str(causal)}
    assert "of 40 texts are longer than the 64 tokens" in capsys.readouterr().err


def test_a_wrong_name_stops_before_anything_is_read(model, tmp_path, capsys):
    status, path = evaluate(tmp_path, model, "--baseline", "words-tre", "--baseline-train", tmp_path / "none.jsonl")
    assert status == MISUSE
    assert "Did you mean words-tree" in capsys.readouterr().err
    assert not path.exists()


@pytest.mark.parametrize(
    ("halves", "message"),
    [
        ({"baselines": ("words-tree",)}, "--baseline is given without --baseline-train"),
        ({"baseline_train": ("a.jsonl",)}, "--baseline-train is given without --baseline"),
        ({"zero_shot_reference": "gpt2"}, "Name the first with --zero-shot"),
        ({"calibration": ("a.jsonl",)}, "--human-calibration sets thresholds of baselines and zero-shot scores"),
    ],
)
def test_half_of_what_is_needed_is_refused(halves, message):
    with pytest.raises(ConfigError, match=message):
        OtherDetectors(**halves)


def test_nothing_asked_for_is_nothing():
    assert not OtherDetectors()
    assert OtherDetectors(zero_shot="gpt2")
