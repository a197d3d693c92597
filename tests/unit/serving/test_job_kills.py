"""`kill -9` at random moments: after a restart every row of every job has one result, and no result was made twice."""

import random
import sqlite3

import pytest
from tests.detector_fixtures import made_up_texts
from tests.job_kills import KilledServer

N_JOBS = 20
N_KILLS = 3
N_TEXTS = 120


@pytest.fixture
def server(detector_folder, tmp_path):
    server = KilledServer(detector_folder, tmp_path)
    yield server
    if server.process.poll() is None:
        server.kill()


def test_every_row_is_scored_exactly_once_though_the_server_is_killed(server, detector):
    draw = random.Random(7)
    texts = made_up_texts(N_TEXTS, seed=71, high=60)
    shares = {f"k{i}": draw.sample(texts, draw.randint(60, N_TEXTS)) for i in range(N_JOBS)}
    n_rows = sum(map(len, shares.values()))
    server.start()
    ids = {key: server.send(share, key=key) for key, share in shares.items()}
    kept = []
    for n_kill in range(N_KILLS):
        server.wait_for(n_rows * (n_kill + draw.random()) / (N_KILLS + 1))
        kept.append(server.results(ids["k0"]))
        server.kill()
        server.start()
        # A client that never heard back sends again, and makes no second job.
        assert server.send(shares["k1"], key="k1") == ids["k1"]
    server.wait()
    scores = {text: verdict.score for text, verdict in zip(texts, detector.score(texts), strict=True)}
    for key, share in shares.items():
        found = server.results(ids[key])
        assert [row["id"] for row in found] == [f"{key}-{i}" for i in range(len(share))]
        assert [row["row"] for row in found] == list(range(len(share)))
        assert [row["score"] for row in found] == pytest.approx([scores[text] for text in share], abs=1e-4)
    # What was told before a kill stays as it was.
    assert all(server.results(ids["k0"])[: len(early)] == early for early in kept)
    blocks = [(job, row) for job, first, n in server.blocks() for row in range(first, first + n)]
    assert len(blocks) == len(set(blocks)) <= n_rows
    assert server.stop() == 0
    with sqlite3.connect(server.folder / "jobs" / "jobs.sqlite") as connection:
        assert connection.execute("SELECT count(*), sum(n_done) FROM jobs").fetchone() == (N_JOBS, n_rows)
        assert connection.execute("SELECT count(*) FROM results").fetchone() == (n_rows,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_server_that_is_told_to_stop_leaves_the_rest_to_the_next(server):
    texts = made_up_texts(N_TEXTS, seed=72)
    server.start()
    identity = server.send(texts * 4, key="long")
    server.wait_for(1)
    assert server.stop() == 0
    server.start()
    server.wait()
    assert [row["row"] for row in server.results(identity)] == list(range(4 * N_TEXTS))
