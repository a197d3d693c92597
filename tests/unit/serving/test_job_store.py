"""The store of jobs: a block is written whole or not at all, and by whoever holds the job."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from tain.core.errors import DataError
from tain.serving.errors import Refusal
from tain.serving.jobs import claims as claims_module
from tain.serving.jobs.claims import Claims
from tain.serving.jobs.record import NewJob, Result
from tain.serving.jobs.schema import prepare, writing
from tain.serving.jobs.store import JobStore

SHA = "5" * 64


def new_job(**fields):
    made = NewJob(uuid4().hex, "", None, "r", "a.jsonl", ".jsonl", 9, None, None, "m", "1", SHA, 0.01, None)
    return replace(made, **fields)


@pytest.fixture
def store(tmp_path):
    prepare(tmp_path / "jobs.sqlite")
    return JobStore(tmp_path / "jobs.sqlite")


def results(n, *, label="human"):
    return [Result(i + 1, f"t{i}", label, 0.5, 0.5, 60, 2) for i in range(n)]


def claimed(store, n_rows=4):
    claims = Claims(store.path, [SHA])
    store.add(new_job())
    claims.set_rows(claims.next(), n_rows)
    return claims, claims.next()


def test_results_and_place_are_written_together(store):
    claims, job = claimed(store)
    assert claims.commit(job, [*results(1), Result(2, None, error="no")], position=10)
    after = store.get(job.id, key_name="")
    assert (after.position, after.n_done, after.n_human, after.n_failed, after.state) == (10, 2, 1, 1, "running")
    assert claims.commit(claims.next(), results(2, label="ai"), position=20)
    after = store.get(job.id, key_name="")
    assert (after.state, after.n_done, after.n_ai) == ("done", 4, 2)
    assert [row["row"] for row in store.results(after)] == [0, 1, 2, 3]


def test_a_block_is_written_once(store):
    claims, job = claimed(store)
    assert claims.commit(job, results(2), position=10)
    assert not claims.commit(job, results(2), position=10)
    assert store.get(job.id, key_name="").n_done == 2


def test_what_fails_within_a_block_leaves_nothing_of_it(store):
    claims, job = claimed(store)
    with pytest.raises(Refusal, match="cannot be used"):
        claims.commit(job, [*results(1), Result(None, "no line")], position=10)
    after = store.get(job.id, key_name="")
    assert (after.n_done, after.position, store.results(after)) == (0, 0, [])


@pytest.mark.parametrize("end", ["cancel", "delete"])
def test_a_job_that_was_stopped_takes_no_more(store, end):
    claims, job = claimed(store)
    getattr(store, end)(job)
    assert not claims.renew(job)
    assert not claims.commit(job, results(1), position=10)
    assert claims.next() is None


def test_a_claim_is_nobody_elses_until_its_process_is_dead_or_late(store, monkeypatch):
    claims, job = claimed(store)
    other = Claims(store.path, [SHA])
    assert other.next() is None
    monkeypatch.setattr(claims_module, "is_surely_dead", lambda owner: True)
    taken = other.next()
    assert taken.id == job.id
    monkeypatch.undo()
    assert not claims.commit(job, results(1), position=10)  # it was thought dead, and comes back
    with writing(store.path) as connection:
        connection.execute("UPDATE jobs SET until = 0")
    assert claims.next().id == job.id
    assert not other.commit(taken, results(1), position=10)
    claims.release()
    assert other.next().id == job.id


def test_jobs_take_turns(store):
    claims = Claims(store.path, [SHA])
    ids = [store.add(new_job())[0].id for _ in range(3)]
    assert [claims.next().id for _ in range(6)] == ids * 2


def test_a_job_for_another_model_waits(store):
    store.add(new_job(model_sha="6" * 64))
    assert Claims(store.path, [SHA]).next() is None


def test_one_idempotency_key_is_one_job_however_many_ask_at_once(store):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: store.add(new_job(idempotency_key="k")), range(16)))
    assert len({job.id for job, _ in made}) == 1
    assert sum(is_new for _, is_new in made) == 1
    assert store.add(new_job(idempotency_key="k", key_name="bob"))[1]
    with pytest.raises(Refusal, match="Another request"):
        store.add(new_job(idempotency_key="k", request_sha256="other"))


def test_old_jobs_are_forgotten_and_their_room_is_given_back(store):
    claims, job = claimed(store, n_rows=5000)
    claims.commit(job, results(5000), position=1)
    store.add(new_job())
    full = store.n_bytes
    store.drop_old(keep_s=60)
    assert store.get(job.id, key_name="").state == "done"
    store.drop_old(keep_s=-1)
    assert len(store.newest(key_name="", before=None, limit=9)) == 1
    assert store.n_bytes < full / 4
    assert store.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("script", "told"), [("CREATE TABLE x (y)", "holds no jobs"), ("PRAGMA user_version = 9", "later tain")]
)
def test_a_file_that_is_no_store_is_refused(tmp_path, script, told):
    with sqlite3.connect(tmp_path / "jobs.sqlite") as connection:
        connection.execute(script)
    with pytest.raises(DataError, match=told):
        prepare(tmp_path / "jobs.sqlite")
