"""`tain doctor` on the terminal and as JSON."""

import json

import pytest

from tain.cli import DONE, FAILED, MISUSE
from tain.cli.app import run
from tain.recipes.doctor import Finding


@pytest.fixture
def findings(monkeypatch):
    def give(*statuses):
        made = [
            Finding(f"part {status}", status, "found", None if status == "ok" else "mend it") for status in statuses
        ]
        monkeypatch.setattr("tain.cli.doctor.examine", lambda folder: iter(made))

    return give


def test_a_sound_machine_is_status_0(findings, capsys):
    findings("ok", "warn")
    assert run(["doctor"]) == DONE
    assert capsys.readouterr().out.splitlines() == [
        "ok    part ok    found",
        "warn  part warn  found",
        "                 → mend it",
    ]


def test_a_failure_is_status_1(findings, capsys):
    findings("ok", "fail")
    assert run(["doctor"]) == FAILED
    assert "FAIL  part fail" in capsys.readouterr().out


def test_json_holds_every_finding(findings, capsys):
    findings("ok", "fail")
    assert run(["doctor", "--json"]) == FAILED
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert answer["findings"][1] == {"name": "part fail", "status": "fail", "found": "found", "advice": "mend it"}


def test_a_folder_that_is_not_there_is_misuse(capsys):
    assert run(["doctor", "--folder", "no/such/folder"]) == MISUSE
    assert "does not exist" in capsys.readouterr().err
