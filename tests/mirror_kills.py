"""`tain mirror` against a failing endpoint, killed again and again, and what must hold when it is done."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tain.mirrors.endpoint import parent_mark
from tests.faulty_endpoint import REFUSAL, Entry, Faults, FaultyEndpoint, make_parents, mark_of

KEY = "sk-test-4f7a9c21e05b"
COMMAND = (sys.executable, "-c", "from tain.cli import main; main()", "mirror")
MAX_ROUNDS = 5
TIMEOUT_S = 10.0
RATES = Faults(
    too_many=0.06, retry_after_s=0.3, broken=0.06, slow=0.004, slow_s=2 * TIMEOUT_S, cut=0.03, malformed=0.03,
    refusal=0.05, bare=0.2, delay_s=0.02,
)  # fmt: skip

FLAGS = (
    "--model",
    "small=0.7",
    "--model",
    "large=0.3",
    "--variants",
    "from_opening,rewrite,in_style,from_topic",
    "--proof",
    "surface",
)


@dataclass(frozen=True)
class Ordeal:
    """What the processes are put through.

    Attributes:
        faults: How often the endpoint fails in which way.
        timeout_s: After which they give an answer up.
        upstream: A real server behind the faults; None makes answers up.
        flags: More of the command line.
        make_rows: The human texts, by number and seed.
    """

    faults: Faults = RATES
    timeout_s: float = TIMEOUT_S
    upstream: str | None = None
    flags: tuple[str, ...] = FLAGS
    make_rows: Callable[..., list[dict]] = make_parents


@dataclass
class KilledRuns:
    """What became of the parents, and what the endpoint saw.

    Attributes:
        folder: With `humans.jsonl`, `mirrors.jsonl` and the store.
        n_parents: Human texts.
        n_kills: Processes that were killed at work.
        ordeal: What they were put through.
        concurrency: Requests at a time.
        log: All requests, in order of arrival.
        outputs: What the processes printed.
        wall_s: From the first start to the end of the last process.
        cpu_s: Of these processes.
    """

    folder: Path
    n_parents: int
    n_kills: int
    ordeal: Ordeal
    concurrency: int
    log: list[Entry] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    wall_s: float = 0.0
    cpu_s: float = 0.0

    @property
    def store(self) -> Path:
        return self.folder / "mirrors.jsonl.store.sqlite"


def run_with_kills(
    folder: Path,
    *,
    n_parents: int,
    n_kills: int,
    ordeal: Ordeal = Ordeal(),
    concurrency: int = 16,
    seed: int = 0,
) -> KilledRuns:
    """Make mirrors with a process that is killed so many times, then let it finish."""
    runs = KilledRuns(folder, n_parents, 0, ordeal, concurrency)
    rows = ordeal.make_rows(n_parents, seed=seed + 1)
    (folder / "humans.jsonl").write_text("".join(json.dumps(row | {"lang": "en"}) + "\n" for row in rows))
    rng, started, before = random.Random(seed), time.perf_counter(), os.times()
    with FaultyEndpoint(ordeal.faults, seed=seed, upstream=ordeal.upstream) as server:
        runs.log = server.log
        for kill in range(n_kills):
            target = n_parents * (kill + rng.uniform(0.3, 1)) / (n_kills + 1)
            runs.n_kills += _run_until(runs, server, n_answers=target)
        for _ in range(MAX_ROUNDS):
            if _run(runs, server) == 0:
                break
    runs.wall_s = time.perf_counter() - started
    after = os.times()
    runs.cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return runs


def check(runs: KilledRuns) -> dict[str, int]:
    """Counts, once everything that was promised has been found to hold."""
    mirrors, answers = _rows(runs, "mirrors"), _rows(runs, "answers")
    accepted = [answer for answer in answers if answer["verdict"] == "accepted" and answer["step"] == "text"]
    _check_one_outcome(runs, mirrors, accepted)
    _check_asked_once(runs, answers)
    _check_waits(runs)
    _check_key_is_nowhere(runs)
    kept = Counter(map(_name, answers))
    sent = Counter((entry.parent, entry.mark) for entry in runs.log if entry.is_sent and entry.is_whole)
    n_lost = (sent - kept).total()
    # Only what was on its way when a process died may be missing.
    assert n_lost <= runs.n_kills * runs.concurrency, f"{n_lost} answers were sent and not kept"
    states = Counter(mirror["state"] for mirror in mirrors)
    return {
        "n_parents": runs.n_parents, "n_kills": runs.n_kills, "n_requests": len(runs.log),
        **{f"n_{kind}": n for kind, n in sorted(Counter(entry.kind for entry in runs.log).items())},
        "n_accepted": states["accepted"], "n_rejected": states["rejected"], "n_answers_kept": len(answers),
        "n_answers_lost_to_kills": n_lost, "n_accepted_answers_asked_for_twice": 0,
    }  # fmt: skip


def _check_one_outcome(runs: KilledRuns, mirrors: list, accepted: list) -> None:
    assert len(mirrors) == runs.n_parents
    assert {mirror["state"] for mirror in mirrors} <= {"accepted", "rejected"}
    with_mirror = {mirror["parent_id"] for mirror in mirrors if mirror["state"] == "accepted"}
    assert sorted(answer["parent_id"] for answer in accepted) == sorted(with_mirror)
    rows = [json.loads(line) for line in (runs.folder / "mirrors.jsonl").read_text().splitlines()]
    assert sorted(row["parent"] for row in rows) == sorted(with_mirror)
    assert len({row["text"] for row in rows}) == len(rows)


def _check_asked_once(runs: KilledRuns, answers: list) -> None:
    """No question came again after its answer had been kept, and nothing at all after a mirror was accepted."""
    last = {entry.question: index for index, entry in enumerate(runs.log)}
    last_of_parent = {entry.parent: index for index, entry in enumerate(runs.log)}
    places = {(entry.parent, entry.mark): index for index, entry in enumerate(runs.log) if entry.mark}
    for answer in answers:
        if answer["verdict"] == "unused" or answer["text"] == REFUSAL:
            continue  # one refusal is like another, so nobody can say which was kept
        index = places[_name(answer)]
        question = runs.log[index].question
        assert last[question] == index, f"{question} was answered and kept, and asked for again"
        if answer["verdict"] == "accepted" and answer["step"] == "text":
            assert last_of_parent[runs.log[index].parent] == index, (
                f"{question} was accepted, and its parent asked for again"
            )


def _check_waits(runs: KilledRuns) -> None:
    following = {}
    n_early = 0
    for entry in reversed(runs.log):
        after = following.get(entry.question)
        n_early += bool(entry.wait_s and after and after.arrived_s - entry.arrived_s < entry.wait_s)
        following[entry.question] = entry
    # A process that has just been started does not know what the killed one was told.
    assert n_early <= runs.n_kills * runs.concurrency


def _check_key_is_nowhere(runs: KilledRuns) -> None:
    for file in runs.folder.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), f"{file} holds the key"
    assert KEY not in "".join(runs.outputs)


def _run_until(runs: KilledRuns, server: FaultyEndpoint, *, n_answers: float) -> bool:
    """Start a process and kill it when so many texts were answered in all; whether it died of that."""
    process = _start(runs, server)
    while process.poll() is None:
        if sum(entry.step == "text" and entry.is_whole for entry in server.log) >= n_answers:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.01)
    runs.outputs += process.communicate()
    return process.returncode == -signal.SIGKILL


def _run(runs: KilledRuns, server: FaultyEndpoint) -> int:
    process = _start(runs, server)
    runs.outputs += process.communicate()
    assert process.returncode in (0, 3), runs.outputs[-1]
    return process.returncode


def _start(runs: KilledRuns, server: FaultyEndpoint) -> subprocess.Popen:
    files = [str(runs.folder / "humans.jsonl"), "--output", str(runs.folder / "mirrors.jsonl")]
    flags = [
        "--base-url", server.url,
        "--timeout", f"{runs.ordeal.timeout_s:g}", "--concurrency", str(runs.concurrency),
        "--price-in", "1", "--price-out", "4", *runs.ordeal.flags,
    ]  # fmt: skip
    return subprocess.Popen(
        [*COMMAND, *files, *flags],
        env=os.environ | {"OPENAI_API_KEY": KEY, "TAIN_TRACEBACK": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _rows(runs: KilledRuns, table: str) -> list[sqlite3.Row]:
    with sqlite3.connect(runs.store) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(f"SELECT * FROM {table}").fetchall()


def _name(answer: sqlite3.Row) -> tuple[str, str]:
    return parent_mark(answer["parent_id"]), mark_of(answer["text"])
