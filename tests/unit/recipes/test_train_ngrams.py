"""N-grams fitted beside a network by one training."""

import json

import numpy as np
import pytest
from tests.detector_fixtures import made_up_texts
from tests.tiny import save_tiny_encoder

from tain.cli import DONE, MISUSE
from tain.cli.app import run
from tain.detector.ngrams import NGRAMS, NgramModel, read_ngrams
from tain.recipes.preparation import NGRAM_VIEWS, Preparation


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))
    base = save_tiny_encoder(tmp_path / "base")
    with (tmp_path / "texts.jsonl").open("w") as file:
        for label in ("human", "ai"):
            for i, text in enumerate(made_up_texts(40, seed=len(label), ai=label == "ai", high=60)):
                file.write(json.dumps({"id": f"{label}{i}", "text": text, "label": label, "group": f"g{i}"}) + "\n")

    def made(output: str, *settings: str) -> list[str]:
        words = [
            word for setting in ("training.n_epochs=1", "training.threads=1", *settings) for word in ("--set", setting)
        ]
        texts = str(tmp_path / "texts.jsonl")
        return ["train", "--train", texts, "--base", str(base), "--output", str(tmp_path / output), "--quiet", *words]

    return made


def test_they_are_kept_beside_the_network_and_leave_it_as_it_is(command, tmp_path):
    assert run(command("alone")) == DONE
    assert run(command("both", "corpus.ngram_share=3")) == DONE
    assert not (tmp_path / "alone" / "model" / NGRAMS).exists()
    one, other = ((tmp_path / name / "model" / "adapter_model.safetensors").read_bytes() for name in ("alone", "both"))
    assert one == other


def test_they_know_the_classes_and_count_as_often_as_asked(command, tmp_path):
    assert run(command("once", "corpus.ngram_share=1")) == DONE
    assert run(command("thrice", "corpus.ngram_share=3")) == DONE
    once, thrice = (read_ngrams(tmp_path / name / "model") for name in ("once", "thrice"))
    human, ai = made_up_texts(30, seed=71), made_up_texts(30, seed=72, ai=True)
    assert np.median(once.scores(human)) < 0 < np.median(once.scores(ai))
    np.testing.assert_allclose(thrice.scores(human), 3 * once.scores(human), rtol=1e-5)


def test_other_labels_are_told_before_anything_is_tokenised(command, capsys, monkeypatch):
    monkeypatch.setattr(Preparation, "rows", lambda *_: pytest.fail("texts were tokenised"))
    labels = 'corpus.label_map=["human=dull","ai=bright"]'
    assert run(command("out", "corpus.ngram_share=1", labels)) == MISUSE
    assert "corpus.ngram_share is 1.0" in capsys.readouterr().err


def test_further_texts_teach_the_ngrams_alone_and_none_repeats_a_validation_text(command, tmp_path, monkeypatch):
    sizes, fit = [], NgramModel.fit

    def counted(texts, *rest, **more):
        sizes.append(len(texts))
        return fit(texts, *rest, **more)

    monkeypatch.setattr(NgramModel, "fit", counted)
    rows = [json.loads(line) for line in (tmp_path / "texts.jsonl").read_text().splitlines()]
    rng = np.random.default_rng(0)
    words = {"human": [f"plain{i}" for i in range(30)], "ai": [f"vivid{i}" for i in range(30)]}

    def told(label):
        return " ".join(rng.choice(words[label], 60))

    further = [
        {"id": f"f{i}-{own}", "text": told(own), "label": own, "group": f"f{i}"} for i in range(20) for own in words
    ]
    with (tmp_path / "further.jsonl").open("w") as file:
        for row in further + [row | {"id": f"again-{row['id']}", "group": "other"} for row in rows]:
            file.write(json.dumps(row) + "\n")
    assert run(command("without", "corpus.ngram_share=1")) == DONE
    named = f'corpus.ngram_train=["{tmp_path / "further.jsonl"}"]'
    assert run(command("with", "corpus.ngram_share=1", named)) == DONE
    one, other = (
        (tmp_path / name / "model" / "adapter_model.safetensors").read_bytes() for name in ("without", "with")
    )
    assert one == other
    model = read_ngrams(tmp_path / "with" / "model")
    human, ai = [told("human") for _ in range(10)], [told("ai") for _ in range(10)]
    assert model.scores(human).max() < model.scores(ai).min()
    counts = json.loads((tmp_path / "with" / "manifest.json").read_text())["counts"]
    assert counts["ngram_train: ai"] == counts["ngram_train: human"] == 20
    assert counts["ngram_train: same text again"] == len(rows)
    assert sizes[1] - sizes[0] == NGRAM_VIEWS * len(further), "as many cuts as of the others"


def test_further_texts_without_ngrams_are_told(command, tmp_path, capsys):
    named = f'corpus.ngram_train=["{tmp_path / "texts.jsonl"}"]'
    assert run(command("out", named)) == MISUSE
    assert "corpus.ngram_share is 0" in capsys.readouterr().err
