import json
import subprocess
import sys

import pytest

from tain.cli import DONE, FAILED, MISUSE, PARTIAL
from tain.cli.app import run


@pytest.fixture
def rows(tmp_path, monkeypatch):
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "rows.jsonl"
    path.write_text('{"name": "a", "body": "In 1999 it was the color.", "who": "robot", "kind": "news"}\n')
    return path


def attack(rows, *more):
    flags = ["--text-column", "body", "--label-column", "who", "--label-map", "robot=ai", "--id-column", "name"]
    return run(["attack", str(rows), "--output", str(rows.parent / "out.jsonl"), *flags, *more])


def test_the_path_goes_to_stdout_and_talk_to_stderr(rows, capsys):
    assert attack(rows, "--attacks", "number, upper_lower", "--attacks", "truncation_3", "--strength", "1") == DONE
    out, err = capsys.readouterr()
    assert out == f"{rows.parent / 'out.jsonl'}\n"
    assert err == "1 texts, 3 rows\n"
    answers = [json.loads(line) for line in (rows.parent / "out.jsonl").read_text().splitlines()]
    assert [row["attack"] for row in answers] == ["number", "upper_lower", "truncation_3"]
    assert answers[2]["text"] == "In 1999 it"
    assert (answers[0]["label"], answers[0]["source_id"], answers[0]["strength"]) == ("ai", "a", 1.0)


def test_json_is_a_summary_and_nothing_is_replaced_without_force(rows, capsys):
    assert attack(rows, "--json", "--clean", "--domain-column", "kind") == DONE
    summary = json.loads(capsys.readouterr().out)
    assert summary["n_texts"] == 1
    assert summary["n_rows"]["none"] == summary["n_rows"]["homoglyph"] == 1
    assert attack(rows) == MISUSE
    assert "exists already" in capsys.readouterr().err
    assert attack(rows, "--force") == DONE


def test_with_rows_on_stdout_the_summary_is_talk(rows, capsys):
    assert attack(rows, "--output", "-", "--attacks", "number", "--json") == DONE
    out, err = capsys.readouterr()
    assert json.loads(out)["attack"] == "number"
    assert json.loads(err)["output"] == "-"


def test_what_is_left_out_is_named_and_partial(rows, capsys):
    with rows.open("a") as file:
        file.write('{"name": "b", "body": null, "who": "robot"}\n')
    assert attack(rows) == FAILED
    assert "the text is null" in capsys.readouterr().err
    aside = rows.parent / "aside.jsonl"
    assert attack(rows, "--set-aside", str(aside)) == PARTIAL
    assert f"Rows that cannot be used are in {aside}" in capsys.readouterr().err
    assert attack(rows, "--set-aside", str(aside), "--force", "--attacks", "raid") == PARTIAL
    assert "Left out for want of OPENAI_BASE_URL: paraphrase\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--attacks", "homoglyf"], "Did you mean homoglyph?"),
        (["--attacks", "paraphrase"], "Set OPENAI_BASE_URL to an address"),
        (["--attacks", "sentence_splice"], "--donors FILE"),
        (["--strength", "2"], "The strength of an attack is 2.0; expected a share from 0 to 1"),
        (["--attacks", ","], "No attack is named"),
    ],
)
def test_misuse_is_told_and_leaves_no_file(rows, capsys, flags, message):
    assert attack(rows, *flags) == MISUSE
    assert message in capsys.readouterr().err
    assert not (rows.parent / "out.jsonl").exists()


def test_texts_are_attacked_without_torch(rows):
    code = f"""
import sys
from tain.cli.app import run
assert run(["attack", {str(rows)!r}, "--output", "-", "--text-column", "body", "--attacks", "local"]) == 0
assert {{"torch", "transformers", "httpx", "tain.detector"}}.isdisjoint(sys.modules), "imported"
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
