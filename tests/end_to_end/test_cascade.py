"""A cascade made and used from the command line, on the tiny detector."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.detector_fixtures import N_HUMAN, made_up_texts, make_detector

from tain.cli import DONE, FAILED
from tain.cli.app import run
from tain.detector import Detector
from tain.detector.ngrams import NGRAMS, NgramModel, write_ngrams


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    return make_detector(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def with_ngrams(plain, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("with")
    human, ai = made_up_texts(N_HUMAN, seed=1), made_up_texts(100, seed=2, ai=True)
    classifier = plain.parent / "classifier"
    write_ngrams(classifier / NGRAMS, NgramModel.fit([*human, *ai], [False] * len(human) + [True] * len(ai), share=9))
    Detector.build(classifier, human=human, ai=ai, window_tokens=32).save(folder / "detector")
    (classifier / NGRAMS).unlink()
    return folder / "detector"


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> Path:
    texts = [*made_up_texts(60, seed=51), *made_up_texts(60, seed=52, ai=True), "too short"]
    path = tmp_path_factory.mktemp("in") / "rows.jsonl"
    path.write_text("".join(json.dumps({"id": f"r{i}", "text": text}) + "\n" for i, text in enumerate(texts)))
    return path


def scored(model, rows, output, *more):
    assert run(["score", str(rows), "--model", str(model), "--output", str(output), "--quiet", *map(str, more)]) == DONE
    return pl.read_parquet(output)


def test_n_grams_of_its_own_need_no_texts_and_lose_no_label(with_ngrams, rows, tmp_path, capsys):
    assert run(["cascade", "--model", str(with_ngrams), "--output", str(tmp_path / "c"), "--quiet"]) == DONE
    assert "none, by proof" in capsys.readouterr().err
    whole = scored(with_ngrams, rows, tmp_path / "a.parquet")
    capsys.readouterr()
    found = scored(with_ngrams, rows, tmp_path / "b.parquet", "--cascade", tmp_path / "c", "--json")
    said = json.loads(capsys.readouterr().out)
    assert found["label"].to_list() == whole["label"].to_list()
    assert found["id"].to_list() == whole["id"].to_list()
    assert 0 < said["n_settled"] == found.filter(pl.col("score").is_null() & (pl.col("label") != "too_short")).height


def test_without_them_a_model_is_distilled_and_its_loss_bounded(plain, rows, tmp_path, capsys):
    made = ["cascade", str(rows), "--model", str(plain), "--output", str(tmp_path / "c"), "--loss", "0.3", "--quiet"]
    assert run([*made, "--json"]) == DONE
    said = json.loads(capsys.readouterr().out)
    assert said["first"] == "distilled"
    assert said["n_flagged"] >= 9
    assert said["loss_upper"] <= 0.3
    assert scored(plain, rows, tmp_path / "b.parquet", "--cascade", tmp_path / "c").height == 121
    assert run(made) != DONE  # nothing is overwritten


def test_what_cannot_be_had_is_said(plain, with_ngrams, rows, tmp_path, capsys):
    assert run(["cascade", "--model", str(plain), "--output", str(tmp_path / "c")]) == FAILED
    assert "cannot be proven" in capsys.readouterr().err
    one = ["cascade", str(rows), "--output", str(tmp_path / "c"), "--loss", "0.01", "--quiet", "--model"]
    assert run([*one, str(plain)]) == FAILED
    assert "takes 299 flagged ones" in capsys.readouterr().err
    assert run([*one, str(with_ngrams)]) == DONE
    assert "by proof, is taken instead" in capsys.readouterr().err
