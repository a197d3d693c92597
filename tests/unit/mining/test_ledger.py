"""Nothing that was entered is lost, entered twice or changed unseen."""

import json

import pytest

from tain.core.errors import DataError
from tain.mining.ledger import Ledger


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    for number in range(3):
        assert ledger.add(f"round-{number}", {"event": "round", "n": number, "why": "fewer – 3 of 9"})
    return path


def test_entries_come_back_in_order_and_a_key_is_entered_once(path):
    ledger = Ledger(path)
    assert [entry["n"] for entry in ledger.of("round")] == [0, 1, 2]
    assert not ledger.add("round-1", {"event": "round", "n": 99})
    assert ledger.find("round-1")["n"] == 1
    assert ledger.find("round-9") is None
    assert len(path.read_text().splitlines()) == 3


@pytest.mark.parametrize("n_bytes", [1, 7, 60])
def test_a_torn_last_line_is_taken_off_and_noted(path, n_bytes):
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"key": "round-3", "time": "2026-01-01T00:00:00", "n": 3, "why": "x"}'[:n_bytes])
    ledger = Ledger(path)
    assert ledger.of("repair")[0]["n_bytes_removed"] == n_bytes
    assert ledger.add("round-3", {"event": "round", "n": 3})
    again = Ledger(path)
    assert [entry["n"] for entry in again.of("round")] == [0, 1, 2, 3]
    assert path.read_bytes().startswith(whole)


def test_a_file_torn_inside_its_first_line_starts_again(tmp_path):
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b'{"key": "sta')
    ledger = Ledger(path)
    assert [entry["event"] for entry in ledger.entries] == ["repair"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [lines[0], lines[2]], r":2: does not follow the line before"),
        (lambda lines: [lines[0], lines[1].replace('"n": 1', '"n": 7'), lines[2]], r":3: does not follow"),
        (lambda lines: [lines[0], lines[1][:-3], lines[2]], r":2: is no JSON"),
        (lambda lines: ["[]", *lines], r":1: is no entry of a ledger"),
    ],
)
def test_a_changed_removed_or_damaged_line_is_an_error(path, change, message):
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    with pytest.raises(DataError, match=message):
        Ledger(path)


def test_every_line_is_one_json_object_with_its_time(path):
    for line in path.read_text().splitlines():
        assert json.loads(line)["time"].endswith("+00:00")
