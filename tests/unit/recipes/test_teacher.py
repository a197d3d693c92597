"""A classical teacher: it never saw the group of the text it scores."""

import json

import numpy as np
import pytest
from tests.detector_fixtures import made_up_texts
from tests.tiny import save_tiny_encoder

from tain.cli import DONE, MISUSE
from tain.cli.app import run
from tain.core.errors import ConfigError
from tain.recipes.teacher import out_of_fold_logits


def test_it_tells_the_classes_of_texts_it_never_saw():
    texts = [*made_up_texts(40, seed=1, high=60), *made_up_texts(40, seed=2, ai=True, high=60)]
    labels = [0] * 40 + [1] * 40
    logits = out_of_fold_logits(
        "tfidf-logistic", texts, labels, [str(i % 40) for i in range(80)], seed=0, is_quiet=True
    )
    assert logits.shape == (80, 2)
    assert np.mean(logits.argmax(1) == labels) > 0.8
    np.testing.assert_allclose(logits.sum(1), 0, atol=1e-5)


def test_labels_without_meaning_cannot_be_learned_from_the_text_itself():
    texts = made_up_texts(80, seed=3, high=60)
    labels = np.random.default_rng(0).integers(0, 2, 80).tolist()
    logits = out_of_fold_logits("tfidf-logistic", texts, labels, list(map(str, range(80))), seed=0, is_quiet=True)
    # In-sample scores would repeat the labels.
    assert np.mean(logits.argmax(1) == labels) < 0.7


def test_more_than_two_classes_have_a_logit_each():
    texts = [t for seed in range(3) for t in made_up_texts(20, seed=seed, high=60)]
    labels = [seed for seed in range(3) for _ in range(20)]
    logits = out_of_fold_logits("words-tree", texts, labels, list(map(str, range(60))), seed=0, is_quiet=True)
    assert logits.shape == (60, 3)
    assert np.isfinite(logits).all()


def test_too_few_groups_are_told():
    with pytest.raises(ConfigError, match="4 or more groups"):
        out_of_fold_logits("tfidf-logistic", ["a", "b"], [0, 1], ["g", "g"], seed=0)


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))
    base = save_tiny_encoder(tmp_path / "base")
    with (tmp_path / "texts.jsonl").open("w") as file:
        for label in ("human", "ai"):
            for i, text in enumerate(made_up_texts(40, seed=len(label), ai=label == "ai", high=60)):
                file.write(json.dumps({"id": f"{label}{i}", "text": text, "label": label, "group": f"g{i}"}) + "\n")

    def made(*settings: str) -> list[str]:
        words = [
            word for setting in ("training.n_epochs=1", "training.threads=1", *settings) for word in ("--set", setting)
        ]
        texts, output = str(tmp_path / "texts.jsonl"), str(tmp_path / "run")
        return ["train", "--train", texts, "--base", str(base), "--output", output, "--quiet", *words]

    return made


def test_a_training_learns_from_it(command, tmp_path):
    assert run(command("corpus.teacher=tfidf-logistic", "training.distil_weight=0.5")) == DONE
    assert (tmp_path / "run" / "model").is_dir()


def test_weight_without_a_teacher_is_told(command, capsys):
    assert run(command("training.distil_weight=0.5")) == MISUSE
    assert "Set corpus.teacher" in capsys.readouterr().err


def test_an_unknown_teacher_is_told(command, capsys):
    assert run(command("corpus.teacher=oracle", "training.distil_weight=0.5")) == MISUSE
    assert "no baseline 'oracle'" in capsys.readouterr().err
