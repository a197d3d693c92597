import json

import pytest

from tain.cli import DONE, FAILED, MISUSE
from tain.cli.app import run
from tain.evaluation.bundle import load_bundle
from tain.evaluation.openings import open_bundle


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    content = [{"id": str(i), "text": f"Text number {i}.", "label": ("human", "ai")[i % 2]} for i in range(6)]
    path.write_text("".join(json.dumps(row) + "\n" for row in content))
    (tmp_path / "protocol.json").write_text('{"name": "numbers", "min_words": 2}')
    return path


def bundle(*arguments: object) -> int:
    return run(["bundle", *map(str, arguments)])


def make(rows, *more: object) -> int:
    return bundle("make", rows, "--output", rows.parent / "set", "--quiet", *more)


def test_a_bundle_is_made_and_checked(rows, capsys):
    folder = rows.parent / "set"
    assert make(rows, "--protocol", rows.parent / "protocol.json") == DONE
    output = capsys.readouterr()
    sha256 = load_bundle(folder).sha256
    assert output.out == f"{sha256}  {folder}\n"
    assert output.err == "numbers: 3 human, 3 ai, 0 left out. Nothing may be tuned on it.\n"
    open_bundle(load_bundle(folder), detector_sha256="d" * 64, run_name="lora", date="2025-11-21")
    assert bundle("check", folder) == DONE
    assert f"opened 2025-11-21 by lora ({'d' * 12})" in capsys.readouterr().err
    assert bundle("check", folder, "--json") == DONE
    record = json.loads(capsys.readouterr().out)
    assert (record["name"], record["sha256"], len(record["opened"])) == ("numbers", sha256, 1)
    assert record["protocol"]["may_be_tuned"] == "nothing"


def test_a_changed_bundle_fails_its_check(rows, capsys):
    make(rows, "--protocol", rows.parent / "protocol.json")
    (rows.parent / "set" / "protocol.json").write_text('{"name": "numbers"}')
    capsys.readouterr()
    assert bundle("check", rows.parent / "set") == FAILED
    assert "protocol.json was changed" in capsys.readouterr().err


def test_a_bundle_has_one_protocol_and_a_name(rows, capsys):
    assert make(rows) == MISUSE
    assert "Give either --protocol FILE or --name NAME" in capsys.readouterr().err
    assert make(rows, "--protocol", rows.parent / "protocol.json", "--name", "x") == MISUSE
    assert make(rows, "--name", "x") == FAILED
    assert "There is no text to freeze" in capsys.readouterr().err
    (rows.parent / "protocol.json").write_text('{"name": "numbers", "targets": [0.01]}')
    assert make(rows, "--protocol", rows.parent / "protocol.json") == MISUSE
    assert "targets: Extra inputs are not permitted" in capsys.readouterr().err
