"""A trained classifier is compressed from the command line, loads, answers nearly the same, and becomes a detector."""

import json
import shutil

import numpy as np
import pytest
import torch
from tests.detector_fixtures import made_up_texts, make_classifier, make_detector

from tain.cli import DONE, FAILED, MISUSE
from tain.cli.app import run
from tain.detector import Detector
from tain.methods.lq_lora import quantised_layers
from tain.training.classifier import load_classifier

TEXTS = made_up_texts(12, seed=81, low=20, high=40)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    make_detector(folder)
    (folder / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    return folder


def compress(model, output, *more) -> int:
    return run(["compress", str(model), "--output", str(output), "--quiet", *more])


def answers(folder):
    classifier = load_classifier(folder)
    return classifier.logits(classifier.token_ids(TEXTS))


def test_the_answer_names_every_matrix_its_bits_and_the_sizes(made, tmp_path, capsys):
    assert compress(made / "classifier", tmp_path / "out", "--bits", "4", "--rank", "4", "--json") == DONE
    told = json.loads(capsys.readouterr().out)
    layers = quantised_layers(load_classifier(tmp_path / "out").model)
    assert [each["name"] for each in told["matrices"]] == list(layers)
    n_weights = sum(layer.in_features * layer.out_features for layer in layers.values())
    n_bytes = sum(layer.packed.n_bytes for layer in layers.values())
    assert told["bits"] == pytest.approx(8 * n_bytes / n_weights)
    assert told["matrix_bytes_before"] == 4 * n_weights
    assert told["network_bytes_before"] - told["network_bytes"] == 4 * n_weights - told["matrix_bytes"]
    assert told["file_bytes"] == (tmp_path / "out" / "lq_lora.safetensors").stat().st_size
    assert all(0 < each["error"] < 0.2 for each in told["matrices"])
    assert told["logits"]["n_texts"] == 3


def test_more_bits_and_more_rank_move_the_logits_less(made, tmp_path, capsys):
    moved = {}
    for name, flags in {
        "2": ("--bits", "2"), "4": ("--bits", "4"), "8": ("--bits", "8"), "2 and rank": ("--bits", "2", "--rank", "8"),
    }.items():  # fmt: skip
        out = tmp_path / name
        assert compress(made / "classifier", out, *flags, "--texts", str(made / "texts.jsonl"), "--json") == DONE
        told = json.loads(capsys.readouterr().out)
        assert told["logits"]["n_texts"] == len(TEXTS)
        gap = np.abs(answers(out) - answers(made / "classifier"))
        assert told["logits"]["mean"] == pytest.approx(gap.mean(), rel=1e-2)
        moved[name] = told["logits"]["mean"]
    assert moved["8"] < moved["4"] < moved["2"]
    assert moved["2 and rank"] < moved["2"]


def test_a_budget_with_importance_shows_its_tables(made, tmp_path, capsys):
    flags = ("--bits", "3.5", "--data-aware", "--texts", str(made / "texts.jsonl"), "--targets", "query,key")
    assert compress(made / "classifier", tmp_path / "out", *flags) == DONE
    shown = capsys.readouterr()
    assert "NF" in shown.out and "the whole network" in shown.out and "On 12 texts logits moved by" in shown.out
    assert "still needed to load it" in shown.err and "tain calibrate --model" in shown.err
    assert shown.out.strip().endswith("out")
    names = quantised_layers(load_classifier(tmp_path / "out").model)
    assert {name.rpartition(".")[2] for name in names} == {"query", "key"}


@pytest.mark.parametrize("method", [{"kind": "full"}, {"kind": "lora", "rank": 2, "embeddings": True}])
def test_whatever_training_changed_is_kept(made, tmp_path, method):
    make_classifier(tmp_path / "c", base=str(made / "base"), method=method, pooling="mean")
    assert compress(tmp_path / "c", tmp_path / "out", "--bits", "8") == DONE
    before, after = (load_classifier(tmp_path / name).merge().model for name in ("c", "out"))
    quantised = set(quantised_layers(load_classifier(tmp_path / "out").model))
    own = dict(after.named_parameters())
    for name, parameter in before.named_parameters():
        if name.removesuffix(".weight") not in quantised:
            assert torch.equal(own[name], parameter), name


def test_a_compressed_classifier_becomes_a_detector_and_can_be_compressed_again(made, tmp_path):
    assert compress(made / "classifier", tmp_path / "out", "--bits", "4") == DONE
    Detector.build(tmp_path / "out", human=made_up_texts(60, seed=1), window_tokens=64).save(tmp_path / "d")
    assert Detector.load(tmp_path / "d").check(TEXTS[0] * 4).score is not None
    assert compress(tmp_path / "out", tmp_path / "again", "--bits", "3") == DONE


def test_a_run_and_a_detector_are_taken_too(made, tmp_path, capsys):
    shutil.copytree(made / "classifier", tmp_path / "run" / "model")
    (tmp_path / "run" / "model" / "seen.safetensors").write_bytes(b"kept as it is")
    assert compress(tmp_path / "run", tmp_path / "a") == DONE
    assert (tmp_path / "a" / "seen.safetensors").read_bytes() == b"kept as it is"
    assert compress(made / "detector", tmp_path / "b") == DONE
    np.testing.assert_array_equal(answers(tmp_path / "a"), answers(tmp_path / "b"))


def test_misuse_says_what_to_give(made, tmp_path, capsys):
    assert compress(tmp_path / "nothing", tmp_path / "out") == FAILED
    assert "Expected a Run, its `model` folder or a detector's folder" in capsys.readouterr().err
    assert compress(made / "classifier", tmp_path / "out", "--bits", "1") == MISUSE
    assert "method.bits is 1.0" in capsys.readouterr().err
    assert compress(made / "classifier", tmp_path / "out", "--rank", "99") == FAILED
    assert "method.rank is 99, above the smaller side" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text("x")
    assert compress(made / "classifier", tmp_path / "out") == MISUSE
    assert "exists already" in capsys.readouterr().err
