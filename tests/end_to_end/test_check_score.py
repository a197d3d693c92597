"""From the command line to files and back, on the tiny detector."""

import gzip
import io
import json
import shutil
import sys
from pathlib import Path

import polars as pl
import pytest
from tests.detector_fixtures import made_up_texts, make_classifier, make_detector

from tain.cli import DONE, FAILED, MISUSE, PARTIAL
from tain.cli.app import run
from tain.detector import Detector

COLUMNS = ["id", "score", "probability", "label", "n_words", "n_windows"]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return make_detector(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [*made_up_texts(5, seed=41), "too short", *made_up_texts(4, seed=42, ai=True, high=200), ""]


@pytest.fixture
def rows(tmp_path, texts) -> Path:
    lines = (json.dumps({"id": f"r{i}", "text": text}) for i, text in enumerate(texts))
    path = tmp_path / "in" / "rows.jsonl"
    path.parent.mkdir()
    path.write_text("\n".join(lines) + "\n")
    return path


def score(*arguments: object) -> int:
    return run(["score", *map(str, arguments), "--quiet"])


def test_check_prints_a_verdict(model, tmp_path, capsys, texts):
    (tmp_path / "essay.txt").write_text(texts[0])
    assert run(["check", str(tmp_path / "essay.txt"), "--model", str(model)]) == DONE
    said = capsys.readouterr().out
    assert "for a false positive rate of 1%" in said
    assert "of 320 human calibration texts scored higher." in said
    assert "never a verdict on a person" in said


def test_check_writes_json_for_another_rate_and_prior(model, monkeypatch, capsys, texts):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(texts[8].encode())))
    assert run(["check", "-", "--model", str(model), "--json", "--fpr", "0.05", "--prior", "0.1"]) == DONE
    value = json.loads(capsys.readouterr().out)
    expected = Detector.load(model).check(texts[8], target_fpr=0.05, prior=0.1)
    assert value == json.loads(json.dumps(expected.to_dict()))


def test_check_of_a_short_text_says_so(model, tmp_path, capsys):
    (tmp_path / "short.txt").write_text("Hello there.")
    assert run(["check", str(tmp_path / "short.txt"), "--model", str(model)]) == DONE
    assert "not enough text\nNot enough text: 2 words; 50 or more are needed." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n ", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 4, "is binary"),
        (b"a line\nand a \0 byte", "essay.txt:2: holds a NUL byte"),
        ("Straße\nCafé".encode("latin-1"), "essay.txt:1: byte 0xDF at position 4 is not UTF-8"),
        (b"%PDF-1.7 " + b"x" * 99, "looks like a PDF"),
    ],
)
def test_what_is_no_text_is_one_clear_error(model, tmp_path, capsys, content, message):
    (tmp_path / "essay.txt").write_bytes(content)
    assert run(["check", str(tmp_path / "essay.txt"), "--model", str(model)]) == FAILED
    output = capsys.readouterr()
    assert message in output.err
    assert (output.out, output.err.count("\n")) == ("", 1)


def test_check_of_something_else_says_what_to_do(model, tmp_path, rows, capsys):
    assert run(["check", str(tmp_path / "nothing.txt"), "--model", str(model)]) == FAILED
    assert "there is no such file" in capsys.readouterr().err
    for path in (rows, rows.parent):
        assert run(["check", str(path), "--model", str(model)]) == MISUSE
        assert f"tain score {path}" in capsys.readouterr().err


def test_a_model_that_is_none_or_was_changed_is_one_error(model, tmp_path, rows, capsys):
    assert score(rows, "--model", tmp_path) == FAILED
    assert "is no detector" in capsys.readouterr().err
    changed = shutil.copytree(model, tmp_path / "changed")
    (changed / "tokenizer.json").write_text("{}")
    assert score(rows, "--model", changed) == FAILED
    assert "tokenizer.json was changed" in capsys.readouterr().err
    assert not list(rows.parent.glob("*.scores.*"))


def test_score_writes_a_row_for_each_row_in_order(model, rows, texts, capsys):
    assert score(rows, "--model", model) == DONE
    output = rows.with_name("rows.jsonl.scores.parquet")
    assert capsys.readouterr().out.strip() == str(output)
    table = pl.read_parquet(output)
    assert table.columns == COLUMNS
    assert table["id"].to_list() == [f"r{i}" for i in range(len(texts))]
    detector = Detector.load(model)
    for row, text in zip(table.iter_rows(named=True), texts, strict=True):
        verdict = detector.check(text)
        assert row["label"] == verdict.label
        assert row["score"] == (None if verdict.score is None else pytest.approx(verdict.score, abs=1e-5))
        assert (row["n_words"], row["n_windows"]) == (verdict.n_words, verdict.n_windows)
    assert table["label"].to_list()[5] == table["label"].to_list()[-1] == "too_short"


def test_bfloat16_moves_scores_little_and_is_another_run(model, rows, tmp_path, capsys, monkeypatch):
    outputs = [tmp_path / "plain.parquet", tmp_path / "half.parquet"]
    assert score(rows, "--model", model, "--output", outputs[0]) == DONE
    monkeypatch.setattr("tain.training.hardware.has_native_bf16", lambda: True)
    assert score(rows, "--model", model, "--output", outputs[1], "--precision", "bfloat16") == MISUSE
    assert "the limit is 0.02" in capsys.readouterr().err  # the tiny network's random weights are large
    monkeypatch.setattr("tain.detector.engines.HALF_TOLERANCE", 0.2)
    assert score(rows, "--model", model, "--output", outputs[1], "--precision", "bfloat16") == DONE
    plain, half = (pl.read_parquet(file) for file in outputs)
    gaps = (plain["score"] - half["score"]).abs().drop_nulls()
    assert 0 < gaps.max() < 0.2 and plain["label"].to_list() == half["label"].to_list()
    # What was made in another precision is not what is asked for.
    shutil.copy(outputs[1], outputs[0])
    assert score(rows, "--model", model, "--output", outputs[0], "--resume") == MISUSE
    monkeypatch.setattr("tain.training.hardware.has_native_bf16", lambda: False)
    capsys.readouterr()
    assert score(rows, "--model", model, "--output", outputs[1], "--precision", "bfloat16", "--force") == MISUSE
    assert "multiplies no bfloat16" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet", ".jsonl.gz", ".jsonl.zst"])
def test_every_format_gives_the_same_scores(model, rows, tmp_path, suffix):
    table = pl.read_ndjson(rows).rename({"id": "name", "text": "body"})
    path = tmp_path / f"rows{suffix}"
    if suffix.startswith(".csv"):
        content = table.write_csv().encode()
        path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    elif suffix == ".parquet":
        table.write_parquet(path)
    else:
        content = table.write_ndjson().encode()
        import zstandard

        path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else zstandard.compress(content))
    columns = ("--text-column", "body", "--id-column", "name")
    assert score(path, "--model", model, "--output", tmp_path / "a.parquet", *columns) == DONE
    assert score(rows, "--model", model, "--output", tmp_path / "b.jsonl.gz") == DONE
    first, second = pl.read_parquet(tmp_path / "a.parquet"), pl.read_ndjson(tmp_path / "b.jsonl.gz")
    assert first["id"].to_list() == second["id"].to_list()
    assert first["score"].to_list() == second["score"].to_list()


def test_stdin_goes_to_stdout(model, rows, monkeypatch, capsys, texts):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(rows.read_bytes())))
    assert score("-", "--model", model) == DONE
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == [f"r{i}" for i in range(len(texts))]
    assert list(lines[0]) == COLUMNS


def test_a_folder_makes_a_folder_and_is_resumed_by_file(model, rows, tmp_path, capsys, texts):
    folder = rows.parent
    (folder / "more").mkdir()
    shutil.copy(rows, folder / "more" / "b.jsonl")
    for i in range(3):
        (folder / "more" / f"essay{i}.txt").write_text(texts[i])
    assert score(folder, "--model", model, "--json") == DONE
    summary = json.loads(capsys.readouterr().out)
    output = folder.with_name("in.scores")
    names = sorted(path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file())
    assert names == [f"{name}.scores.parquet" for name in ("more/all.txt", "more/b.jsonl", "rows.jsonl")]
    assert summary["n_rows"] == 2 * len(texts) + 3
    essays = pl.read_parquet(output / "more/all.txt.scores.parquet")
    assert essays["id"].to_list() == [f"more/essay{i}.txt:1" for i in range(3)]

    (output / "rows.jsonl.scores.parquet").unlink()
    kept = (output / "more/b.jsonl.scores.parquet").stat().st_mtime_ns
    assert score(folder, "--model", model, "--resume", "--json") == DONE
    assert json.loads(capsys.readouterr().out)["n_files_skipped"] == 2
    assert (output / "more/b.jsonl.scores.parquet").stat().st_mtime_ns == kept
    assert (output / "rows.jsonl.scores.parquet").is_file()

    assert score(folder, "--model", model, "--resume", "--fpr", "0.05") == MISUSE
    assert "was made by another detector, operating point or prior" in capsys.readouterr().err


def test_nothing_is_replaced_without_force(model, rows, capsys):
    output = rows.with_name("out.jsonl")
    output.write_text("precious")
    assert score(rows, "--model", model, "--output", output) == MISUSE
    assert "--resume" in capsys.readouterr().err
    assert output.read_text() == "precious"
    assert score(rows, "--model", model, "--output", output, "--force") == DONE
    assert json.loads(output.read_text().splitlines()[0])["id"] == "r0"


def test_bad_rows_stop_or_are_set_aside(model, rows, capsys, texts):
    with rows.open("a") as file:
        file.write('{"id": "x", "text": null}\nno json\n' + json.dumps({"id": "y", "text": texts[0]}) + "\n")
    line = len(texts) + 1
    assert score(rows, "--model", model) == FAILED
    said = capsys.readouterr().err
    assert f"rows.jsonl:{line}: text: the text is null" in said
    assert f"rows.jsonl:{line + 1}: is no JSON" in said
    assert not rows.with_name("rows.jsonl.scores.parquet").exists()

    assert score(rows, "--model", model, "--on-bad", "set_aside") == PARTIAL
    ids = pl.read_parquet(rows.with_name("rows.jsonl.scores.parquet"))["id"].to_list()
    assert ids == [*(f"r{i}" for i in range(len(texts))), "y"]
    aside = rows.with_name("rows.jsonl.scores.parquet.set_aside.jsonl").read_text().splitlines()
    assert [json.loads(row)["line"] for row in aside] == [line, line + 1]


def test_a_wrong_column_names_those_that_are_there(model, rows, capsys):
    assert score(rows, "--model", model, "--text-column", "txt") == FAILED
    assert "no column txt for the text. Columns found: id, text. Did you mean text?" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_refused_first(model, rows, capsys):
    assert score(rows, "--model", model, "--output", rows.with_name("out.xlsx")) == MISUSE
    assert "cannot be written by its suffix" in capsys.readouterr().err


def test_calibrate_with_300_own_texts(model, tmp_path, capsys):
    own = tmp_path / "own.jsonl"
    own.write_text("".join(json.dumps({"text": text}) + "\n" for text in made_up_texts(300, seed=51, ai=True)))
    arguments = ["calibrate", "--model", str(model), "--human", str(own), "--fpr", "0.01", "--quiet"]
    assert run([*arguments, "--output", str(tmp_path / "own")]) == DONE
    output = capsys.readouterr()
    assert output.out.strip() == str(tmp_path / "own")
    assert "2,995 or more are needed" in output.err
    assert Detector.load(tmp_path / "own").point().n_human == 300
    assert Detector.load(tmp_path / "own").point().threshold > Detector.load(model).point().threshold

    copy = shutil.copytree(model, tmp_path / "copy")
    assert run([word.replace(str(model), str(copy)) for word in arguments]) == DONE
    assert capsys.readouterr().out.strip() == str(tmp_path / "copy-calibrated")
    assert run(["calibrate", *arguments[3:]]) == MISUSE
    assert "ships with tain is not changed" in capsys.readouterr().err
    assert run([*arguments, "--output", str(tmp_path / "own")]) == MISUSE
    assert "exists already" in capsys.readouterr().err
    assert run([*arguments, "--output", str(tmp_path / "x"), "--fpr", "0.001"]) == MISUSE
    assert "0.001 needs 2,995 human texts or more; there are 300" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_calibrate_makes_a_detector_of_a_trained_model(model, tmp_path, capsys):
    for name, is_ai in (("human", False), ("ai", True)):
        texts = made_up_texts(300, seed=61, ai=is_ai)
        (tmp_path / f"{name}.csv").write_text("text\n" + "\n".join(texts) + "\n")
    run_folder = tmp_path / "run"
    shutil.copytree(model.parent / "classifier", run_folder / "model")
    arguments = ["--human", str(tmp_path / "human.csv"), "--ai", str(tmp_path / "ai.csv"), "--name", "own", "--json"]
    assert run(["calibrate", "--model", str(run_folder / "model"), *arguments, "--quiet"]) == DONE
    value = json.loads(capsys.readouterr().out)
    assert value["output"] == str(run_folder / "detector")
    assert (value["default_fpr"], value["n_human"], value["n_ai"]) == (0.01, 300, 300)
    assert Detector.load(run_folder).model.name == Detector.load(run_folder / "model").model.name == "own"


def test_the_default_base_goes_all_the_way(tmp_path, capsys):
    texts = made_up_texts(60, seed=71, low=50, high=55)
    classifier = make_classifier(tmp_path / "classifier", base="minilm", pooling="mean")
    Detector.build(classifier, human=texts).save(tmp_path / "detector")
    (tmp_path / "page.txt").write_text(texts[0])
    assert run(["check", str(tmp_path / "page.txt"), "--model", str(tmp_path / "detector"), "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["target_fpr"] == 0.05
