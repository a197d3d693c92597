"""What happens to jobs beside one another, beside requests, and at the limits."""

import json
import threading
import time

import pytest
from fastapi.testclient import TestClient
from tests.detector_fixtures import made_up_texts
from tests.served_model import CountingModel

from tain.serving.batcher import Batcher
from tain.serving.job import Job
from tain.serving.jobs.desk import DAY_S
from tain.serving.keys import KeyRing, write_keys

ENDS = ("done", "failed", "cancelled")


def content(texts):
    return "".join(json.dumps({"text": text}) + "\n" for text in texts)


def send(client, texts, **headers):
    return client.post("/v1/jobs", files={"file": ("a.jsonl", content(texts))}, headers=headers)


def ended(client, identity):
    for _ in range(600):
        job = client.get(f"/v1/jobs/{identity}").json()
        if job["state"] in ENDS:
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def until(condition):
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


def test_requests_go_before_the_background_which_still_has_its_turn():
    model = CountingModel()
    batcher = Batcher(batch_tokens=512, max_jobs=100, max_chars=100_000)
    model.gate.clear()
    first = Job(model, ["1"], lambda readings, n: readings)
    batcher.submit(first)
    until(model.begun.is_set)
    aside = Job(model, ["7 " * 128 + "." + "7 " * 128], lambda readings, n: readings, is_background=True)
    batcher.submit(aside)
    asked = [Job(model, ["2 " * 512], lambda readings, n: readings) for _ in range(20)]
    for job in asked:
        batcher.submit(job)
    assert batcher.n_jobs == 21  # the background takes nobody's place
    model.gate.set()
    for job in [first, aside, *asked]:
        job.future.result(20)
    kinds = ["aside" if 7 in batch[0] else "request" for batch in model.batches]
    places = [place for place, kind in enumerate(kinds) if kind == "aside"]
    assert len(places) == 2 and places[0] >= 8 and places[1] - places[0] == 9
    assert not any(7 in row for batch in model.batches for row in batch if 2 in row)
    batcher.close()


def test_a_cancelled_background_leaves_the_queue():
    model = CountingModel()
    batcher = Batcher(batch_tokens=512, max_jobs=100, max_chars=10_000)
    model.gate.clear()
    held = Job(model, ["1"], lambda readings, n: readings)
    batcher.submit(held)
    until(model.begun.is_set)
    gone = Job(model, ["7"], lambda readings, n: readings, is_background=True)
    batcher.submit(gone)
    gone.future.cancel()
    model.gate.set()
    held.future.result(20)
    batcher.close()
    assert [7] not in [row for batch in model.batches for row in batch]


@pytest.fixture
def held_app(make_app, tmp_path):
    """An application whose network waits for a gate."""
    app = make_app(jobs_dir=tmp_path / "jobs")
    [model] = app.state.service.models.values()
    gate, outputs = threading.Event(), model.outputs

    def slow(rows, *, batch_tokens):
        gate.wait(20)
        return outputs(rows, batch_tokens=batch_tokens)

    model.outputs = slow
    yield app, gate
    gate.set()


def test_a_cancelled_job_keeps_what_it_has_and_takes_no_more(held_app, tmp_path):
    app, gate = held_app
    with TestClient(app) as client:
        identity = send(client, made_up_texts(5, seed=91)).json()["id"]
        until(lambda: client.get(f"/v1/jobs/{identity}").json()["n_rows"] == 5)
        job = client.post(f"/v1/jobs/{identity}/cancel").json()
        assert (job["state"], job["n_done"]) == ("cancelled", 0)
        gate.set()
        page = client.get(f"/v1/jobs/{identity}/results").json()
        assert (page["data"], page["next"]) == ([], None)
        until(lambda: not list((tmp_path / "jobs" / "uploads").iterdir()))
        assert client.post(f"/v1/jobs/{identity}/cancel").json()["state"] == "cancelled"


def test_a_text_that_the_network_fails_on_spoils_no_other(make_app, tmp_path):
    app = make_app(jobs_dir=tmp_path / "jobs")
    [model] = app.state.service.models.values()
    outputs = model.outputs
    texts = made_up_texts(4, seed=92)
    bad = tuple(model.prepare([texts[2]]).rows[0])

    def fragile(rows, *, batch_tokens):
        if any(tuple(row) == bad for row in rows):
            raise RuntimeError("no")
        return outputs(rows, batch_tokens=batch_tokens)

    model.outputs = fragile
    with TestClient(app) as client:
        job = ended(client, send(client, texts).json()["id"])
        rows = client.get(f"/v1/jobs/{job['id']}/results").json()["data"]
    assert (job["state"], job["counts"]["failed"]) == ("done", 1)
    assert [row["error"] is None for row in rows] == [True, True, False, True]
    assert "network failed" in rows[2]["error"]


def test_a_job_belongs_to_the_key_that_made_it(make_app, tmp_path):
    ring, alice = KeyRing().with_new("alice", ("check",))
    ring, bob = ring.with_new("bob", ("check", "admin"))
    write_keys(tmp_path / "keys.json", ring)
    hers, his = ({"Authorization": f"Bearer {token}"} for token in (alice, bob))
    with TestClient(make_app(jobs_dir=tmp_path / "jobs", keys=tmp_path / "keys.json")) as client:
        assert send(client, ["w1"]).status_code == 401
        identity = send(client, ["w1"], **hers, **{"Idempotency-Key": "k"}).json()["id"]
        for method, end in (("GET", ""), ("GET", "/results"), ("POST", "/cancel"), ("DELETE", "")):
            assert client.request(method, f"/v1/jobs/{identity}{end}", headers=his).status_code == 404
        assert client.get("/v1/jobs", headers=his).json()["data"] == []
        assert send(client, ["w2"], **his, **{"Idempotency-Key": "k"}).status_code == 202
        assert client.get(f"/v1/jobs/{identity}", headers=hers).status_code == 200


def test_a_job_waits_for_its_model_and_says_so(make_app, held_app, tmp_path):
    app, gate = held_app
    with TestClient(app) as client:
        identity = send(client, made_up_texts(2, seed=93)).json()["id"]
    other = make_app(jobs_dir=tmp_path / "jobs", models=())
    with TestClient(other) as client:
        job = client.get(f"/v1/jobs/{identity}").json()
        assert "waits for a server with" in job["reason"] and job["state"] in ("queued", "running")
    gate.set()
    with TestClient(app) as client:
        assert ended(client, identity)["state"] == "done"


def test_without_room_nothing_is_taken(make_app, tmp_path):
    with TestClient(make_app(jobs_dir=tmp_path / "jobs", max_jobs_bytes=1000)) as client:
        answer = send(client, ["w1"] * 100)
        assert (answer.status_code, answer.json()["error_type"]) == (507, "full")
        assert not list((tmp_path / "jobs" / "uploads").iterdir())


def test_nothing_is_written_before_somebody_asks_for_jobs(make_app, tmp_path):
    with TestClient(make_app(jobs_dir=tmp_path / "jobs")) as client:
        assert client.post("/v1/check", json={"text": "w1"}).status_code == 200
    assert not (tmp_path / "jobs").exists()


def test_a_folder_that_cannot_hold_jobs_stops_nothing_else_and_is_not_named(make_app, tmp_path):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "jobs.sqlite").write_bytes(b"no database, but long enough to look like one" * 100)
    with TestClient(make_app(jobs_dir=tmp_path / "jobs")) as client:
        answer = send(client, ["w1"])
        assert (answer.status_code, str(tmp_path) in answer.text) == (503, False)
        assert client.post("/v1/check", json={"text": "w1"}).status_code == 200


def test_old_jobs_and_stray_files_go(make_app, tmp_path, monkeypatch):
    with TestClient(make_app(jobs_dir=tmp_path / "jobs", keep_jobs_days=1)) as client:
        identity = send(client, ["w1"]).json()["id"]
        ended(client, identity)
        desk = client.app.state.service.jobs.desk()
        stray, young = (desk.uploads.folder / name for name in ("f" * 32 + ".jsonl", "e" * 32 + ".jsonl"))
        stray.write_bytes(b"{}")
        desk.sweep()
        assert stray.exists()  # it may be on its way to become a job
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + DAY_S + 60)
        young.write_bytes(b"{}")
        desk.sweep()
        assert not stray.exists()
        assert client.get(f"/v1/jobs/{identity}").status_code == 404
