"""Programs of strangers: what is right passes, and nothing they do reaches beyond their folder, time and memory."""

import os
import sys
import time
from pathlib import Path

import pytest

from tain.analysis.generations.running import Limits, run_program
from tain.core.errors import ConfigError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of processes are those of Linux")
QUICK = Limits(seconds=2.0)


@pytest.fixture(scope="module")
def walls() -> tuple[str, ...]:
    return run_program("", is_allowed=True).walls


def test_nothing_runs_unless_the_user_says_so(tmp_path):
    mark = tmp_path / "mark"
    with pytest.raises(ConfigError, match="allow_code"):
        run_program(f"open({str(mark)!r}, 'w')")
    assert not mark.exists()


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("assert 1 + 1 == 2", "passed"),
        ("open('here.txt', 'w').write('x'); assert open('here.txt').read() == 'x'", "passed"),
        ("print('tain-program-went-to-its-end')", "passed"),
        ("assert 1 + 1 == 3", "failed"),
        ("def f(:", "failed"),
        ("import sys; sys.exit(0)", "failed"),
        ("import os; os._exit(0)", "failed"),
        ("print('\\ud800')", "failed"),
        ("x = 'a' * (1 << 31)", "failed"),
        ("open('big', 'wb').write(bytes(1 << 22))", "failed"),
        ("while True: pass", "time"),
        ("import time; time.sleep(60)", "time"),
        ("import numpy", "failed"),  # the program sees no site packages
        ("import os; assert not {'HOME', 'OPENAI_API_KEY'} & set(os.environ)", "passed"),
        ("import sys; assert sys.stdin.read() == ''", "passed"),
    ],
)
def test_a_program_passes_only_at_its_own_end(source, outcome, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert run_program(source, QUICK, is_allowed=True).outcome == outcome


def test_it_writes_nowhere_else(tmp_path, walls):
    if "files" not in walls:
        pytest.skip("this kernel has no Landlock")
    kept = tmp_path / "kept.txt"
    kept.write_text("kept")
    for change in ("open({!r}, 'w')", "__import__('os').remove({!r})", "__import__('os').rename({!r}, 'x')"):
        assert run_program(change.format(str(kept)), QUICK, is_allowed=True).outcome == "failed"
    assert kept.read_text() == "kept"
    assert run_program(f"open({str(tmp_path / 'new')!r}, 'w')", QUICK, is_allowed=True).outcome == "failed"


def test_it_reaches_no_other_machine_nor_this_one(walls):
    if "network" not in walls:
        pytest.skip("this system gives no network of its own")
    source = "import socket; socket.create_server(('127.0.0.1', 0)); socket.create_connection(('127.0.0.1', 22), 1)"
    assert run_program(source, QUICK, is_allowed=True).outcome == "failed"


def test_what_it_started_does_not_outlive_it(tmp_path, walls):
    if "processes" not in walls:
        pytest.skip("this system gives no processes of their own")
    argument = f"tain-orphan-{os.getpid()}"
    source = f"""
import os, sys, time
if os.fork() == 0:
    os.setsid()
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)", {argument!r}])
time.sleep(0.5)
"""
    assert run_program(source, Limits(seconds=10.0), is_allowed=True).outcome == "passed"
    deadline = time.monotonic() + 5
    while _is_running(argument) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_running(argument)


def _is_running(argument: str) -> bool:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(argument.encode() in file.read_bytes())
        except OSError:
            continue
    return any(found)
