import hashlib
import re
import subprocess
import sys

import pytest

from tain.core.errors import DataError
from tain.recipes import provenance


def test_versions_are_known_without_an_import():
    found = provenance.versions()
    assert set(found) == {"python", "tain", *provenance.PACKAGES}
    assert all(found.values())


def test_a_package_that_is_not_there_is_said_not_to_be(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("no-such-package",))
    assert provenance.versions()["no-such-package"] == "not installed"


def test_the_commit_is_that_of_the_code_or_none_outside_a_checkout(monkeypatch):
    found = provenance.commit()
    assert found is None or re.fullmatch(r"[0-9a-f]{40}( with changes)?", found)
    monkeypatch.setattr(provenance, "_git", lambda *arguments: None)
    assert provenance.commit() is None


def test_no_git_is_no_error(monkeypatch):
    def missing(*arguments, **options):
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", missing)
    assert provenance.commit() is None


def test_the_command_is_kept_as_typed_and_only_ours(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/bin/tain", "evaluate", "--data", "my file.jsonl"])
    assert provenance.command() == "tain evaluate --data 'my file.jsonl'"
    monkeypatch.setattr(sys, "argv", ["/bin/pytest", "-k", "x"])
    assert provenance.command() is None


def test_every_file_is_named_with_its_hash(tmp_path):
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(f'{{"text": "{name}"}}\n')
    found = provenance.file_hashes([tmp_path])
    assert [row["sha256"] for row in found] == [
        hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("a.jsonl", "b.jsonl")
    ]
    with pytest.raises(DataError, match="no such file"):
        provenance.file_hashes([tmp_path / "c.jsonl"])


def test_what_is_not_known_is_left_out(monkeypatch):
    monkeypatch.setattr(provenance, "commit", lambda: None)
    found = provenance.provenance_of()
    assert "commit" not in found
    assert "data" not in found
    assert found["versions"]["tain"]
