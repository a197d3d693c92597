import json
import subprocess
import sys

import polars as pl
import pytest

from tain.cli import DONE, FAILED, MISUSE
from tain.cli.app import run


@pytest.fixture
def scores(tmp_path):
    path = tmp_path / "scores.parquet"
    rows = [{"id": f"t{i}", "score": i - 2.0, "probability": i / 10, "label": "human"} for i in range(5)]
    pl.DataFrame(rows).write_parquet(path)
    return path


def submit(*arguments: object) -> int:
    return run(["submission", *map(str, arguments)])


def test_a_submission_is_written_and_checked(scores, tmp_path, capsys):
    assert submit("write", "pan", scores, "--output", tmp_path / "pan") == DONE
    output = capsys.readouterr()
    assert output.out == f"{tmp_path}/pan/answers.jsonl\n"
    assert output.err.startswith("5 texts, 0 of them too short")
    assert submit("check", "pan", tmp_path / "pan") == DONE
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", "Problems: 0\n")


def test_raid_gets_its_metadata_from_flags(scores, tmp_path, capsys):
    assert submit("write", "raid", scores, "--output", tmp_path / "glass") == MISUSE
    assert "Give --name and --contact" in capsys.readouterr().err
    flags = ("--name", "Glass", "--contact", "me@example.org", "--github", "https://example.org/glass")
    assert submit("write", "raid", scores, "--output", tmp_path / "glass", *flags, "--json") == DONE
    assert json.loads(capsys.readouterr().out)["n_texts"] == 5
    metadata = json.loads((tmp_path / "glass" / "metadata.json").read_text())
    assert metadata["github_link"] == "https://example.org/glass"
    assert metadata["date_released"]


def test_problems_go_to_stdout_with_their_lines_and_fail(tmp_path, capsys):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"id": "a", "label": 7}\n{"id": "b", "label": "0.5"}\n')
    assert submit("check", "pan", path) == FAILED
    output = capsys.readouterr()
    assert [line.partition(": ")[0] for line in output.out.splitlines()] == [f"{path}:1", f"{path}:2"]
    assert output.err == "Problems: 2\n"
    assert submit("check", "pan", path, "--json") == FAILED
    found = json.loads(capsys.readouterr().out)
    assert found["is_accepted"] is False
    assert [each["line"] for each in found["problems"]] == [1, 2]


def test_only_the_first_problems_are_shown(tmp_path, capsys):
    path = tmp_path / "subtask_a.jsonl"
    path.write_text("".join(f'{{"id": {i}, "label": 9}}\n' for i in range(30)))
    assert submit("check", "semeval-a", path) == FAILED
    output = capsys.readouterr()
    assert len(output.out.splitlines()) == 20
    assert "… and 10 more" in output.err


def test_an_unknown_format_or_word_is_misuse(tmp_path, capsys):
    assert submit("check", "kaggle", tmp_path) == MISUSE
    assert "kaggle" in capsys.readouterr().err
    assert submit("wriet") == MISUSE
    assert submit() == MISUSE


def test_ids_are_compared_with_the_input(scores, tmp_path, capsys):
    pl.DataFrame({"id": ["t0", "t9"], "text": ["a", "b"]}).write_csv(tmp_path / "input.csv")
    status = submit("write", "pan", scores, "--output", tmp_path / "pan", "--against", tmp_path / "input.csv")
    assert status == FAILED
    assert "the id 't1' is not in the input" in capsys.readouterr().err
    assert not (tmp_path / "pan").exists()


@pytest.mark.parametrize("words", [[], ["write"], ["check"]])
def test_help_of_a_verb_with_words_imports_nothing_heavy(words):
    heavy = ["torch", "polars", "numpy", "sklearn", "pyarrow"]
    code = (
        f"import sys; from tain.cli.app import run; run(['submission', *{words!r}, '--help']); "
        f"print(sorted(set({heavy!r}) & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"
    assert "Usage: tain submission" in answer.stdout
