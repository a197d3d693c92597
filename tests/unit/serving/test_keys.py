"""Keys are kept as hashes and told once."""

import hmac
import json
import stat

import pytest

from tain.cli import DONE, MISUSE
from tain.cli.app import run
from tain.core.errors import ConfigError
from tain.serving import keys
from tain.serving.keys import KeyRing, read_keys, write_keys


def test_a_key_is_known_again_by_its_hash_alone(tmp_path):
    ring, token = KeyRing().with_new("alice", ("check",))
    write_keys(tmp_path / "keys.json", ring)
    assert token not in (tmp_path / "keys.json").read_text()
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    read = read_keys(tmp_path / "keys.json")
    assert read == ring
    assert read.find(token).name == "alice"
    for wrong in ("", token[:-1], token + " ", token.upper(), ring.keys[0].sha256, "\udce4"):
        assert read.find(wrong) is None


def test_every_key_is_compared_in_constant_time_whichever_matches(monkeypatch):
    ring, tokens = KeyRing(), []
    for name in "abc":
        ring, token = ring.with_new(name, ("check",))
        tokens.append(token)
    compared = []
    monkeypatch.setattr(keys.hmac, "compare_digest", lambda a, b: compared.append(1) or a == b)
    for token in (*tokens, "wrong"):
        compared.clear()
        ring.find(token)
        assert len(compared) == 3
    assert hmac is keys.hmac


def test_two_keys_differ_and_have_256_bits():
    made = {KeyRing().with_new("a", ("check",))[1] for _ in range(50)}
    assert len(made) == 50
    assert all(len(token) == len("tain_") + 43 for token in made)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "a\nb", "../a"])
def test_a_name_that_could_not_stand_in_a_log_is_refused(name):
    with pytest.raises(ConfigError, match="is no name for a key"):
        KeyRing().with_new(name, ("check",))


def test_a_name_is_taken_once_and_can_be_freed():
    ring, _ = KeyRing().with_new("alice", ("check",))
    with pytest.raises(ConfigError, match="named 'alice' already"):
        ring.with_new("alice", ("admin",))
    assert ring.without("alice") == KeyRing()
    with pytest.raises(ConfigError, match="no key named 'bob'"):
        ring.without("bob")


def test_a_file_that_holds_something_else_is_refused(tmp_path):
    (tmp_path / "keys.json").write_text('{"keys": [{"name": "a", "token": "plain"}]}')
    with pytest.raises(ConfigError, match="is no file of keys"):
        read_keys(tmp_path / "keys.json")


def test_keys_are_made_listed_and_removed_from_the_command_line(tmp_path, capsys):
    file = str(tmp_path / "keys.json")
    assert run(["key", "add", file, "--name", "alice"]) == DONE
    token = capsys.readouterr().out.strip()
    assert run(["key", "add", file, "--name", "root", "--admin"]) == DONE
    capsys.readouterr()
    assert read_keys(tmp_path / "keys.json").find(token).scopes == ("check",)
    assert run(["key", "show", file]) == DONE
    shown = capsys.readouterr().out
    assert [line.split("\t")[:2] for line in shown.splitlines()] == [["alice", "check"], ["root", "check,admin"]]
    assert run(["key", "remove", file, "--name", "alice"]) == DONE
    assert [key["name"] for key in json.loads((tmp_path / "keys.json").read_text())["keys"]] == ["root"]
    assert run(["key", "remove", file, "--name", "alice"]) == MISUSE
