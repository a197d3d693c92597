"""The flags of `tain evaluate` that say how rows are read."""

import json
from pathlib import Path

import polars as pl
import pytest
from tests.detector_fixtures import made_up_texts, make_detector

from tain.cli import DONE, FAILED, MISUSE, PARTIAL
from tain.cli.app import run


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return make_detector(tmp_path_factory.mktemp("made"))


@pytest.fixture
def rows(tmp_path) -> Path:
    path = tmp_path / "rows.jsonl"
    texts = [(text, label) for label in ("human", "ai") for text in made_up_texts(20, seed=7, ai=label == "ai")]
    content = [
        {"name": f"n{i}", "text": text, "label": label, "pair": f"p{i % 20}", "kind": ("news", "essay")[i % 2]}
        for i, (text, label) in enumerate(texts)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in content))
    return path


def evaluate(model: Path, rows: Path, *more: object) -> int:
    arguments = ["--data", rows, "--model", model, "--output", rows.parent / "report", "--quiet", *more]
    return run(["evaluate", *map(str, arguments)])


def test_columns_can_be_named(model, rows, capsys):
    named = ("--id-column", "name", "--group-column", "pair", "--domain-column", "kind")
    assert evaluate(model, rows, *named) == DONE
    scores = pl.read_parquet(rows.parent / "report" / "scores.parquet")
    assert scores["id"][3] == "n3"
    assert scores["group"][23] == "p3"
    assert set(scores["domain"]) == {"news", "essay"}
    capsys.readouterr()
    assert evaluate(model, rows, "--force", "--group-column", "pairs") == FAILED
    assert "Did you mean pair? Name it with --group-column" in capsys.readouterr().err


def test_bad_rows_stop_or_are_set_aside(model, rows, capsys):
    with rows.open("a") as file:
        file.write('{"name": "bad", "text": null, "label": "ai"}\n')
    assert evaluate(model, rows) == FAILED
    assert "--set-aside FILE with tain score, audit, attack, evaluate," in capsys.readouterr().err
    aside = rows.parent / "aside.jsonl"
    assert evaluate(model, rows, "--set-aside", rows.parent / "report" / "aside.jsonl") == MISUSE
    assert evaluate(model, rows, "--set-aside", aside) == PARTIAL
    assert f"Rows that cannot be used are in {aside}" in capsys.readouterr().err
    assert json.loads(aside.read_text())["line"] == 41
    assert evaluate(model, rows, "--set-aside", aside) == MISUSE
    assert evaluate(model, rows, "--set-aside", aside, "--force") == PARTIAL
