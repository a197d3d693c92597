"""Scoring and calibrating where the files hold more than was asked for: earlier scores, other labels, bad rows."""

import json
import os
from pathlib import Path

import pytest
from tests.detector_fixtures import made_up_texts, make_detector

from tain.cli import DONE, FAILED, MISUSE, PARTIAL
from tain.cli.app import run
from tain.detector import Detector

TEXTS = made_up_texts(3, seed=41)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return make_detector(tmp_path_factory.mktemp("model"))


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three files of three rows, the first and the last with a bad row too."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a", "b", "c"):
        lines = [json.dumps({"id": f"{name}{i}", "text": text}) for i, text in enumerate(TEXTS)]
        bad = [] if name == "b" else ["no json"]
        (folder / f"{name}.jsonl").write_text("\n".join([*lines, *bad]) + "\n")
    return folder


def score(model: Path, *arguments: object) -> int:
    return run(["score", *map(str, arguments), "--model", str(model), "--json", "--quiet"])


def lines_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_one_file_takes_the_bad_rows_of_a_folder(model, folder, capsys):
    aside = folder / "bad.jsonl"
    assert score(model, folder, "--set-aside", aside) == PARTIAL
    summary = json.loads(capsys.readouterr().out)
    assert (summary["n_rows"], summary["n_set_aside"], summary["set_aside"]) == (9, 2, [str(aside)])
    assert [(Path(row["file"]).name, row["line"]) for row in lines_of(aside)] == [("a.jsonl", 4), ("c.jsonl", 4)]

    Path(summary["outputs"][2]).unlink()
    (folder / "c.jsonl").write_text("none either\n" + json.dumps({"text": TEXTS[0]}) + "\n")
    assert score(model, folder, "--set-aside", aside) == MISUSE
    assert score(model, folder, "--set-aside", aside, "--resume") == PARTIAL
    assert json.loads(capsys.readouterr().out)["n_files_skipped"] == 2
    assert [row["line"] for row in lines_of(aside)] == [4, 4, 1]


def test_a_folder_scored_into_itself_is_not_scored_twice(model, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    flags = ("--output", "out.jsonl", "--set-aside", "bad.jsonl")
    for flag in ((), ("--force",), ("--resume",)):
        status = score(model, ".", *flags, *flag)
        summary = json.loads(capsys.readouterr().out)
        assert summary["n_files_skipped"] == (1 if "--resume" in flag else 0)
        assert status == (DONE if "--resume" in flag else PARTIAL)
        assert [row["id"] for row in lines_of(Path("out.jsonl"))] == [f"{name}{i}" for name in "abc" for i in range(3)]


def test_only_scores_of_the_same_run_and_input_are_finished(model, folder, tmp_path, capsys):
    source, output = folder / "b.jsonl", tmp_path / "out.jsonl"
    flags = (source, "--output", output)
    output.write_text("precious")
    assert score(model, *flags, "--resume") == MISUSE
    assert "does not say what made it" in capsys.readouterr().err
    assert output.read_text() == "precious"
    assert score(model, *flags, "--resume", "--force") == DONE
    assert len(lines_of(output)) == 3
    assert score(model, *flags, "--resume", "--prior", "0.1") == MISUSE
    assert "another detector, operating point or prior. Pass --force" in capsys.readouterr().err
    assert score(model, *flags, "--resume") == DONE
    assert json.loads(capsys.readouterr().out)["n_files_skipped"] == 1
    os.utime(source, ns=(1, 1))
    assert score(model, *flags, "--resume") == MISUSE
    assert "was made from another input, or the input has changed since. Pass --force" in capsys.readouterr().err


def labelled(path: Path, labels: list[object]) -> str:
    texts = made_up_texts(len(labels), seed=51, low=50, high=55)
    rows = ({"text": text, "label": label} for text, label in zip(texts, labels, strict=True))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_calibrate_takes_the_rows_with_the_label_asked_for(model, tmp_path, capsys):
    path = labelled(tmp_path / "own.jsonl", ["human"] * 60 + [1] * 30 + ["mixed"] * 2)
    plain = tmp_path / "plain.csv"
    plain.write_text("text\n" + "\n".join(made_up_texts(5, seed=52)) + "\n")
    files = ["--human", path, "--human", str(plain), "--ai", path]
    arguments = ["calibrate", "--model", str(model), *files, "--fpr", "0.05", "--json", "--quiet"]
    assert run([*arguments, "--output", str(tmp_path / "made")]) == DONE
    output = capsys.readouterr()
    assert "--human: 32 of 97 rows are not labelled human and were left out (30 ai, 2 other)." in output.err
    assert "--ai: 62 of 92 rows are not labelled ai and were left out (60 human, 2 other)." in output.err
    assert (json.loads(output.out)["n_human"], json.loads(output.out)["n_ai"]) == (65, 30)
    assert Detector.load(tmp_path / "made").point().n_human == 65


@pytest.mark.parametrize(
    ("flag", "label", "message"),
    [
        ("--human", "ai", "no row is labelled human (300 ai)"),
        ("--human", "news", "no row is labelled human (300 other). Give other files, or remove the label column"),
        ("--ai", 0, "no row is labelled ai (300 human)"),
    ],
)
def test_calibrate_with_no_row_of_the_label_is_an_error(model, tmp_path, capsys, flag, label, message):
    path = labelled(tmp_path / "own.jsonl", [label] * 300)
    people = ["--human", path] if flag == "--ai" else []
    arguments = ["calibrate", "--model", str(model), *people, flag, path, "--output", str(tmp_path / "made")]
    assert run([*arguments, "--quiet"]) == FAILED
    assert message in capsys.readouterr().err
    assert not (tmp_path / "made").exists()
