"""`tain mirror` as a person runs it: two at once, interrupted, and with a key that nobody else should see."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from tests.faulty_endpoint import Faults, FaultyEndpoint, make_parents

from tain.cli.app import run

KEY = "sk-test-a1b2c3d4e5f6"
N = 40
pytestmark = pytest.mark.timeout(600)  # processes start slowly on a busy machine


@pytest.fixture
def humans(tmp_path):
    path = tmp_path / "humans.jsonl"
    path.write_text("".join(json.dumps(row | {"language": "en"}) + "\n" for row in make_parents(N)))
    return path


def arguments(humans, server, *more, output="mirrors.jsonl"):
    files = ["--output", str(humans.with_name(output)), "--store", str(humans.with_name("s.sqlite"))]
    asked = ["--base-url", server.url, "--model", "small", "--variants", "rewrite,in_style"]
    return ["mirror", str(humans), *files, *asked, *more]


def start(*words, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", "from tain.cli import main; main()", *words],
        env=os.environ | {"OPENAI_API_KEY": KEY} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(process, is_so):
    while not is_so():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def n_rows(path):
    return len(path.read_text().splitlines())


def test_two_processes_on_one_store_never_ask_for_the_same(humans):
    with FaultyEndpoint(Faults(delay_s=0.05)) as server:
        both = [start(*arguments(humans, server, "--concurrency", "4", output=f"{i}.jsonl")) for i in range(2)]
        ended = [process.communicate() for process in both]
        assert {process.returncode for process in both} <= {0, 3}, ended
        last = start(*arguments(humans, server))
        assert (last.communicate(), last.returncode)[1] == 0
    assert Counter(entry.parent for entry in server.log).most_common(1)[0][1] == 1
    assert len(server.log) == N
    assert n_rows(humans.with_name("mirrors.jsonl")) == N


def test_an_interrupt_waits_for_what_is_paid_and_the_next_run_goes_on(humans):
    with FaultyEndpoint(Faults(delay_s=0.5)) as server:
        process = start(*arguments(humans, server, "--concurrency", "4"))
        wait_until(process, lambda: sum(entry.is_sent for entry in server.log) >= 6)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
        assert process.returncode == 130, said
        assert "waiting for the answers that are paid for" in said
        assert "The same command again asks for what is open" in said
        n_asked = len(server.log)
        assert n_asked < N
        assert (
            n_rows(humans.with_name("mirrors.jsonl")) == n_asked
        )  # every answer that was asked for came, and is there
        assert run(arguments(humans, server)) == 0
    assert len(server.log) == N
    assert n_rows(humans.with_name("mirrors.jsonl")) == N


def test_a_second_interrupt_ends_at_once(humans):
    with FaultyEndpoint(Faults(slow=1.0, slow_s=300)) as server:
        process = start(*arguments(humans, server))
        wait_until(process, lambda: len(server.log) == 16)
        process.send_signal(signal.SIGINT)
        assert "Ctrl-C again drops them" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=200)
    assert process.returncode == 130


def test_the_key_is_in_no_file_no_message_and_no_traceback(humans, monkeypatch, capsys):
    def wrong_key(headers, body):
        return 401, {}, json.dumps({"error": f"no: {headers}"}).encode()

    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    faults = Faults(too_many=0.1, retry_after_s=0.05, broken=0.2, cut=0.1, malformed=0.1)
    with FaultyEndpoint(faults) as server:
        assert run(arguments(humans, server, "--json")) == 0
        assert any(entry.kind == "broken" for entry in server.log)
    with humans.open("a") as file:
        file.write(json.dumps(make_parents(1, seed=5)[0] | {"id": "new"}) + "\n")
    with FaultyEndpoint(reply=wrong_key) as server:
        assert run(arguments(humans, server)) == 1
        traceback = start(*arguments(humans, server), TAIN_TRACEBACK="1").communicate()
    shown = "".join((*capsys.readouterr(), *traceback))
    assert "[key]" in shown
    assert "Traceback" in shown
    assert KEY not in shown
    assert [path.name for path in humans.parent.iterdir() if KEY.encode() in path.read_bytes()] == []


def test_a_dry_run_prints_count_tokens_and_cost_and_asks_nothing(humans, capsys):
    with FaultyEndpoint() as server:
        flags = ["--dry-run", "--price-in", "2.5", "--price-out", "10"]
        assert run(arguments(humans, server, *flags)) == 0
        shown = capsys.readouterr().out
        assert run(arguments(humans, server, *flags, "--json")) == 0
        assert server.log == []
    assert "40, of which 0 are finished and 40 to be mirrored" in shown
    assert "$0." in shown
    assert "40 small" in shown
    assert json.loads(capsys.readouterr().out)["n_requests"] == 40
    assert [path.name for path in humans.parent.iterdir()] == ["humans.jsonl"]


def test_texts_left_without_an_answer_are_said_and_the_status_is_3(humans, tmp_path, capsys):
    recorded = tmp_path / "recorded.jsonl"
    recorded.write_text(json.dumps({"parent": "p0", "text": "Too short.", "opening": "not this text at all"}) + "\n")
    output = str(tmp_path / "mirrors.jsonl")
    flags = ["--generator", "recorded", "--recorded", str(recorded)]
    assert run(["mirror", str(humans), "--output", output, *flags]) == 3
    shown = capsys.readouterr()
    assert shown.out.strip() == output
    assert "40 open" in shown.err


def test_mistakes_are_said_before_anything_is_asked(humans, capsys, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    output = ["--output", str(humans.with_name("m.jsonl"))]
    assert run(["mirror", str(humans), *output]) == 2
    assert "No model is named" in capsys.readouterr().err
    assert run(["mirror", str(humans), *output, "--model", "m"]) == 2
    assert "OPENAI_API_KEY is not set" in capsys.readouterr().err
    assert run(["mirror", str(humans), *output, "--model", "m", "--variants", "backwards"]) == 2
    assert "backwards" in capsys.readouterr().err
