import json
from pathlib import Path

import pytest

from tain.cli.app import run

ROW = "The {0} boat left at dawn, and nobody on pier {1} waved; it had been late {0} times before, says log {1}."


@pytest.fixture
def corpus_file(tmp_path: Path) -> Path:
    rows = [{"body": ROW.format(i, i * i), "who": "person" if i % 2 else "robot"} for i in range(20)]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


FLAGS = ["--text-column", "body", "--label-column", "who", "--label-map", "robot=ai"]


def test_json_goes_to_stdout_and_talk_to_stderr(
    corpus_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    page = tmp_path / "audit.html"
    assert run(["audit", str(corpus_file), *FLAGS, "--json", "--html", str(page)]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["splits"][0]["labels"] == {"ai": 10, "human": 10}
    assert err == f"Wrote {page}\n"
    assert page.read_text().startswith("<!doctype html>")
    assert run(["audit", str(corpus_file), *FLAGS, "--html", str(page)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_the_table_goes_to_stdout(corpus_file: Path, capsys: pytest.CaptureFixture) -> None:
    assert run(["audit", str(corpus_file), *FLAGS]) == 0
    assert "mine: 20 texts" in capsys.readouterr().out


def test_bad_rows_fail_and_set_aside_they_are_partial(
    corpus_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    with corpus_file.open("a") as file:
        file.write('{"body": null, "who": "person"}\n')
    assert run(["audit", str(corpus_file), *FLAGS]) == 1
    assert "mine.jsonl:21: body: the text is null" in capsys.readouterr().err
    aside = tmp_path / "aside.jsonl"
    assert run(["audit", str(corpus_file), *FLAGS, "--set-aside", str(aside)]) == 3
    assert "Rows that cannot be used are in" in capsys.readouterr().err
    assert json.loads(aside.read_text())["line"] == 21
