"""Methods that no plain network can hold go every way a detector goes, and a training of them resumes to the bit."""

import json

import numpy as np
import pytest
import torch
from tests.detector_fixtures import made_up_texts
from tests.tiny import save_tiny_encoder

from tain.cli import DONE, MISUSE
from tain.cli.app import run
from tain.detector import Detector
from tain.recipes.configuration import read_config
from tain.recipes.train import train
from tain.training.classifier import load_classifier
from tain.training.engine import Engine
from tain.training.store import open_store

N_TOKENS = 6
METHODS = {
    "prompt_tuning": {"kind": "prompt_tuning", "n_tokens": N_TOKENS},
    "loreft": {"kind": "loreft", "rank": 2, "dropout": 0.1},
}


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> str:
    return str(save_tiny_encoder(tmp_path_factory.mktemp("base")))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.jsonl"
    rows = [
        {"id": f"{label}{i}", "text": text, "label": label}
        for label in ("human", "ai")
        # Longer than the tiny network reads, so that they have to be cut to what fits.
        for i, text in enumerate(made_up_texts(40, seed=len(label), ai=label == "ai", low=70, high=90))
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def config_of(base, texts, method):
    return read_config(
        None,
        flags={
            "base": base,
            "method": method,
            "corpus.train": [str(texts)],
            "corpus.valid_share": 0.4,
            "corpus.cut_low": 70,
            "corpus.cut_high": 90,
            "corpus.n_views": 1,
            "training.n_epochs": 1,
            "training.lr": 0.01,
            "training.batch_tokens": 256,
            "training.checkpoint_every": 3,
            "training.n_evaluations": 2,
            "training.average_from": 0.3,
            "training.threads": 1,
        },
    )


@pytest.fixture(params=METHODS.values(), ids=METHODS)
def method(request):
    return request.param


def test_a_training_that_is_killed_and_resumed_ends_in_the_same_bits(base, texts, method, tmp_path, monkeypatch):
    config = config_of(base, texts, method)
    train(config, tmp_path / "whole", is_quiet=True)
    with monkeypatch.context() as patch:
        real = Engine._one_round

        def stop(self, advance):
            if self.state.progress.step == 5:
                raise KeyboardInterrupt
            real(self, advance)

        patch.setattr(Engine, "_one_round", stop)
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path / "killed", is_quiet=True)
    train(config, tmp_path / "killed", is_resumed=True, is_quiet=True)
    rows = [[2, 5, 6, 7, 3], [2, *range(8, 40), 3]]
    logits = [load_classifier(tmp_path / run / "model").logits(rows) for run in ("whole", "killed")]
    assert np.array_equal(*logits)


def test_train_calibrate_score_and_check_go_through(base, texts, method, tmp_path, capsys):
    finished = train(config_of(base, texts, method), tmp_path / "run", is_quiet=True)
    model = str(finished.folder.model)
    room = 64 - (N_TOKENS if method["kind"] == "prompt_tuning" else 0)
    assert json.loads((finished.folder.model / "classifier.json").read_text())["max_tokens"] == room
    store = next((tmp_path / "cache").rglob("train"))
    assert open_store(store).lengths.max() == room

    classifier = load_classifier(finished.folder.model)
    assert classifier.merge() is classifier
    assert classifier.backbone.max_tokens == room
    if method["kind"] == "loreft":  # whichever weights won, those of a step or their average
        rows = [edit.subspace() for edit in classifier.model.bert.edits]
        assert all(torch.allclose(r @ r.T, torch.eye(2), atol=1e-6) for r in rows)

    (tmp_path / "human.jsonl").write_text(
        "".join(json.dumps({"text": text}) + "\n" for text in made_up_texts(60, seed=11, low=52, high=120))
    )
    calibrate = ["calibrate", "--fpr", "0.1", "--model", model, "--human", str(tmp_path / "human.jsonl"), "--output"]
    assert run([*calibrate, str(tmp_path / "detector")]) == DONE, capsys.readouterr().err
    detector = str(tmp_path / "detector")
    new = made_up_texts(3, seed=21, low=60, high=200)
    (tmp_path / "new.jsonl").write_text(
        "".join(json.dumps({"id": str(i), "text": t}) + "\n" for i, t in enumerate(new))
    )
    score = ["score", str(tmp_path / "new.jsonl"), "--model", detector, "--output", str(tmp_path / "scores.jsonl")]
    assert run(score) == DONE, capsys.readouterr().err
    scores = [json.loads(line)["score"] for line in (tmp_path / "scores.jsonl").read_text().splitlines()]
    assert np.isfinite(scores).all()
    assert np.allclose(
        scores, [verdict.score for verdict in Detector.load(tmp_path / "detector").score(new)], atol=1e-5
    )
    (tmp_path / "one.txt").write_text(new[0])
    assert run(["check", str(tmp_path / "one.txt"), "--model", detector]) == DONE

    capsys.readouterr()
    for format in ("transformers", "adapter"):
        assert run(["export", "--model", detector, "--format", format, "--output", str(tmp_path / format)]) == MISUSE
        said = capsys.readouterr().err
        assert f"{method['kind']} is neither an adapter of peft nor can it be merged" in said
        assert not (tmp_path / format).exists()
