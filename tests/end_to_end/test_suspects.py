"""Wrong labels are found from the command line, with reasons, in a sheet that a person fills in."""

import json
import re
import signal
import subprocess
import sys
import urllib.request

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from tests.review_fixtures import make_sheet
from tests.tiny import WORDS, save_tiny_encoder

from tain.cli import FAILED, MISUSE
from tain.cli.app import run
from tain.mining.quarantine import read_review
from tain.recipes.review.review import Review


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Texts of two kinds of words, of which a tenth have the other's label."""
    folder, rng = tmp_path_factory.mktemp("made"), np.random.default_rng(0)
    save_tiny_encoder(folder / "base")
    rows = []
    for i in range(120):
        label, is_wrong = i % 2, i < 12
        words = rng.choice(WORDS[20:] if label else WORDS[:20], 40)
        name = ("ai", "human")[label] if is_wrong else ("human", "ai")[label]
        rows.append({"id": f"{'wrong' if is_wrong else 'right'}-{i}", "text": " ".join(words), "label": name})
    (folder / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def suspects(made, *more):
    return run(["suspects", str(made / "texts.jsonl"), "--base", str(made / "base"), "--quiet", *more])


def explained(made, folder, *, said=None, n=120):
    folder.mkdir()
    ids = [json.loads(line)["id"] for line in (made / "texts.jsonl").read_text().splitlines()][:n]
    harm = [1.0 if name.startswith("wrong") else -1.0 for name in ids]
    pl.DataFrame({"id": ids, "influence": harm}).write_parquet(folder / "influence.parquet")
    (folder / "explain.json").write_text(json.dumps({"said": said}))
    return str(folder)


def test_wrong_labels_come_first_in_a_sheet_with_reasons(made, tmp_path, capsys):
    file = tmp_path / "suspects.jsonl"
    assert suspects(made, "--output", str(file), "--json", "--top", "3") == 0
    told = json.loads(capsys.readouterr().out)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert told["n"] == 120 and told["n_suspects"] == len(rows) and len(told["suspects"]) == 3
    assert [row["id"].startswith("wrong") for row in rows[:10]].count(True) >= 9
    assert all(row["reasons"] and row["decision"] == "" for row in rows)
    assert "did not learn from it gives" in rows[0]["reasons"] and "most like it" in rows[0]["reasons"]
    suspicion = {row["id"]: row["suspicion"] for row in rows}
    ids = [f"{'wrong' if i < 12 else 'right'}-{i}" for i in range(120)]
    assert roc_auc_score([i < 12 for i in range(120)], [suspicion.get(name, 0) for name in ids]) > 0.9
    assert read_review(file) == {}  # the sheet that mining's quarantine reads
    assert suspects(made, "--output", str(file)) == MISUSE
    assert suspects(made) == 0 and "labels are doubted" in capsys.readouterr().out


def test_influence_joins_the_evidence(made, tmp_path, capsys):
    assert suspects(made, "--influence", explained(made, tmp_path / "harm"), "--json") == 0
    first = json.loads(capsys.readouterr().out)["suspects"][0]
    assert first["influence"] == 1 and "its influence is among the highest" in first["reasons"]


def test_what_does_not_fit_is_refused(made, tmp_path, capsys):
    assert suspects(made, "--influence", str(tmp_path)) == MISUSE
    assert "explain.json is missing" in capsys.readouterr().err
    assert suspects(made, "--influence", explained(made, tmp_path / "one", said={"label": "ai"})) == MISUSE
    assert "made with --valid" in capsys.readouterr().err
    assert suspects(made, "--influence", explained(made, tmp_path / "few", n=100)) == FAILED
    assert "lacks 20 of 120" in capsys.readouterr().err
    assert suspects(made, "--folds", "61") == FAILED
    assert "lower --folds" in capsys.readouterr().err


def test_a_decision_goes_from_the_sheet_back_into_the_corpus(made, tmp_path, capsys):
    sheet, clean = tmp_path / "suspects.jsonl", tmp_path / "clean.jsonl"
    assert suspects(made, "--influence", explained(made, tmp_path / "harm"), "--output", str(sheet)) == 0
    about = json.loads((tmp_path / "suspects.about.json").read_text())
    rows = [json.loads(line) for line in sheet.read_text().splitlines()]
    near = about["neighbours"][rows[0]["id"]]
    assert len(near) == 3 and near[0]["likeness"] >= near[1]["likeness"] and near[0]["influence"] in (1, -1)
    review = Review(sheet, by="mara")
    for place, row in enumerate(rows):
        review.decide(place, {"ai": "human", "human": "ai"}[row["label"]] if row["id"].startswith("wrong") else "drop")
    capsys.readouterr()
    assert run(["review", str(sheet), "--apply", "--output", str(clean), "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert counts["relabelled"] + counts["dropped"] == len(rows) and counts["undecided"] == 0
    right = [json.loads(line) for line in clean.read_text().splitlines()]
    assert len(right) == 120 - counts["dropped"]
    decided = {row["id"] for row in rows}
    now = {row["id"]: row["label"] for row in right}
    assert all(now[f"wrong-{i}"] == ("human", "ai")[i % 2] for i in range(12) if f"wrong-{i}" in decided)
    assert suspects(made, "--output", str(sheet), "--force") == MISUSE  # hours of a person's work are not replaced
    assert "holds decisions on an earlier" in capsys.readouterr().err
    assert run(["review", str(sheet), "--apply"]) == MISUSE
    assert "belong together" in capsys.readouterr().err


def test_the_page_is_served_until_it_is_interrupted(tmp_path):
    pytest.importorskip("prometheus_client")
    sheet = make_sheet(tmp_path)
    words = [sys.executable, "-c", "from tain.cli import main; main()", "review", str(sheet), "--port", "0"]
    with subprocess.Popen([*words, "--by", "mara"], stderr=subprocess.PIPE, text=True) as process:
        told = process.stderr.readline()
        address = re.search(r"http://127\.0\.0\.1:[0-9]+", told).group()
        with urllib.request.urlopen(f"{address}/v1/review", timeout=60) as answer:
            assert json.load(answer)["by"] == "mara"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0 and "3 texts, 0 decided" in told
