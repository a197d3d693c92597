"""Jobs: what is handed in is scored as `Detector.check` scores it, row by row, and can be looked at and stopped."""

import gc
import gzip
import io
import json
import re
import time

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from fastapi.testclient import TestClient
from tests.detector_fixtures import made_up_texts

from tain.serving.jobs import upload_rows

ENDS = ("done", "failed", "cancelled")


@pytest.fixture(scope="module")
def texts():
    return [*made_up_texts(90, seed=61), "w1 w2", "", *made_up_texts(10, seed=62, ai=True, high=200)]


@pytest.fixture
def jobs_client(make_app, tmp_path):
    with TestClient(make_app(jobs_dir=tmp_path / "jobs", max_job_rows=200, max_job_bytes=500_000)) as client:
        yield client


def jsonl(rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def send(client, content, name="essays.jsonl", *, key=None, **fields):
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/v1/jobs", files={"file": (name, content)}, data=fields, headers=headers)


def ended(client, identity):
    for _ in range(1200):
        job = client.get(f"/v1/jobs/{identity}").json()
        if job["state"] in ENDS:
            return job
        time.sleep(0.05)
    raise AssertionError(f"it never ended: {job}")


def lines(client, identity):
    return [json.loads(line) for line in client.get(f"/v1/jobs/{identity}/results.jsonl").text.splitlines()]


def test_each_row_is_scored_as_a_text_alone_is(jobs_client, detector, texts):
    answer = send(jobs_client, jsonl({"id": f"e{i}", "text": text} for i, text in enumerate(texts)))
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    job = ended(jobs_client, answer.json()["id"])
    assert (job["state"], job["n_rows"], job["n_done"], job["reason"]) == ("done", len(texts), len(texts), None)
    found = lines(jobs_client, job["id"])
    assert [row["id"] for row in found] == [f"e{i}" for i in range(len(texts))]
    expected = [detector.check(text) for text in texts]
    for name in ("label", "n_words", "n_windows"):
        assert [row[name] for row in found] == [getattr(verdict, name) for verdict in expected]
    for name in ("score", "probability"):
        for row, verdict in zip(found, expected, strict=True):
            assert row[name] == pytest.approx(getattr(verdict, name), abs=1e-4)
    assert sum(job["counts"].values()) == len(texts)
    assert job["counts"]["too_short"] == 2


def _csv(rows):
    return pl.DataFrame(rows).write_csv().encode()


def _parquet(rows):
    stream = io.BytesIO()
    pl.DataFrame(rows).write_parquet(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", _csv),
        ("a.parquet", _parquet),
        ("a.jsonl.gz", lambda rows: gzip.compress(jsonl(rows))),
        ("A.CSV.ZST", lambda rows: zstandard.compress(_csv(rows))),
        ("a.parquet.gz", lambda rows: gzip.compress(_parquet(rows))),
    ],
)
def test_every_kind_of_file_gives_the_same_rows(jobs_client, texts, name, write):
    rows = [{"id": f"e{i}", "text": text} for i, text in enumerate(texts[:3])]
    job = ended(jobs_client, send(jobs_client, write(rows), name).json()["id"])
    assert (job["state"], job["name"]) == ("done", name)
    found = lines(jobs_client, job["id"])
    assert [(row["id"], row["label"] is not None) for row in found] == [(f"e{i}", True) for i in range(3)]


def test_results_come_as_pages_and_as_files(jobs_client, texts):
    job = ended(jobs_client, send(jobs_client, jsonl({"text": text} for text in texts[:7])).json()["id"])
    address, after, rows = f"/v1/jobs/{job['id']}/results", -1, []
    while after is not None:
        page = jobs_client.get(address, params={"after": after, "limit": 3}).json()
        rows += page["data"]
        after = page["next"]
    assert [row["row"] for row in rows] == list(range(7))
    assert rows[4]["id"] == "essays.jsonl:5"
    assert lines(jobs_client, job["id"]) == rows
    as_csv, as_parquet = (jobs_client.get(f"{address}.{kind}") for kind in ("csv", "parquet"))
    assert as_csv.headers["content-disposition"] == f'attachment; filename="results-{job["id"]}.csv"'
    assert pl.read_csv(as_csv.content)["id"].to_list() == [row["id"] for row in rows]
    assert pl.read_parquet(as_parquet.content).to_dicts() == rows


def test_ids_stand_in_csv_as_they_came(jobs_client, texts):
    ids = ["=1+1", "+1", "-1", "@SUM(A1)", 'a"b', "a,b", "a\nb"]
    job = ended(jobs_client, send(jobs_client, jsonl({"id": each, "text": texts[0]} for each in ids)).json()["id"])
    content = jobs_client.get(f"/v1/jobs/{job['id']}/results.csv").content
    assert pl.read_csv(content, infer_schema=False)["id"].to_list() == ids


def test_bad_rows_say_why_and_spoil_no_others(jobs_client, texts):
    content = jsonl([{"text": texts[0]}, {"text": None}]) + b"no json\n\xff\xfe\n" + jsonl([{"text": texts[1]}])
    job = ended(jobs_client, send(jobs_client, content).json()["id"])
    found = lines(jobs_client, job["id"])
    assert [row["line"] for row in found] == [1, 2, 3, 4, 5]
    assert [row["error"] is None for row in found] == [True, False, False, False, True]
    assert "is no JSON" in found[2]["error"] and "not UTF-8" in found[3]["error"]
    assert job["state"] == "done" and job["counts"]["failed"] == 3


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"author,title\nx,y\n", "Name it with text_column"),
        ("a.jsonl.gz", gzip.compress(jsonl([{"text": "x"}] * 50), mtime=0)[:-20], "cut short"),
        ("a.jsonl", jsonl([{"text": "x"}] * 201), "more than 200 rows"),
        ("a.jsonl", b"[1, 2]", "one JSON array"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_fails_with_its_reason_and_no_path(
    jobs_client, tmp_path, name, content, told
):
    job = ended(jobs_client, send(jobs_client, content, name).json()["id"])
    assert job["state"] == "failed"
    assert told in job["reason"] and str(tmp_path) not in job["reason"]
    assert not list((tmp_path / "jobs" / "uploads").iterdir())


def test_what_unpacks_to_more_than_there_is_room_for_is_not_unpacked(make_app, tmp_path):
    bomb = gzip.compress(jsonl([{"text": "x" * 100_000}] * 150))
    with TestClient(make_app(jobs_dir=tmp_path / "jobs", max_jobs_bytes=2_000_000)) as client:
        job = ended(client, send(client, bomb, "a.jsonl.gz").json()["id"])
    assert job["state"] == "failed"
    assert "when unpacked" in job["reason"]


def test_a_text_beyond_any_request_is_a_row_with_an_error(jobs_client):
    content = gzip.compress(jsonl([{"text": "x " * 1_100_000}, {"text": "w1"}]))
    job = ended(jobs_client, send(jobs_client, content, "a.jsonl.gz").json()["id"])
    assert [row["label"] for row in lines(jobs_client, job["id"])] == [None, "too_short"]
    assert "at most 2,000,000" in lines(jobs_client, job["id"])[0]["error"]


def test_a_parquet_file_that_swells_ends(jobs_client, monkeypatch):
    monkeypatch.setattr(upload_rows, "_SECONDS", 8.0)
    monkeypatch.setattr(upload_rows, "_MEMORY_BYTES", 1 << 30)
    stream = io.BytesIO()
    table = pa.table({"text": pa.DictionaryArray.from_arrays(pa.array([0] * 20_000), pa.array(["x" * 8_000_000]))})
    pq.write_table(table, stream, compression="zstd")
    job = ended(jobs_client, send(jobs_client, stream.getvalue(), "a.parquet").json()["id"])
    assert job["state"] == "failed"


@pytest.mark.parametrize(
    ("name", "content", "status", "told"),
    [
        ("a.docx", b"PK\x03\x04", 415, "Expected one of"),
        ("a.jsonl", gzip.compress(b"{}", mtime=0), 415, "begins as .gz data"),
        ("a.csv.gz", b"text\nx", 415, "begins otherwise"),
        ("a.parquet", b"PAR0", 415, "begins otherwise"),
        ("a.jsonl", b"", 422, "empty"),
        ("a.jsonl", b"x" * 600_000, 413, "larger than 500,000 bytes"),
    ],
)
def test_what_is_no_file_of_texts_is_refused_at_once(jobs_client, name, content, status, told):
    answer = send(jobs_client, content, name)
    assert (answer.status_code, told in answer.json()["error"]) == (status, True), answer.text


@pytest.mark.parametrize("fields", [{"target_fpr": 0.0001}, {"target_fpr": 2}, {"prior": 0}, {"model": "none"}])
def test_fields_that_cannot_be_are_refused(jobs_client, fields):
    assert send(jobs_client, b"{}", **fields).status_code in (404, 422)
    assert jobs_client.get("/v1/jobs").json()["data"] == []


def test_the_same_request_under_one_key_is_one_job(jobs_client, texts):
    content = jsonl([{"text": texts[0]}])
    first, again = (send(jobs_client, content, key="k1") for _ in range(2))
    assert again.status_code == 202 and again.headers["idempotent-replayed"] == "true"
    assert first.json()["id"] == again.json()["id"]
    other = send(jobs_client, content + b"\n", key="k1")
    assert (other.status_code, other.json()["error_type"]) == (422, "idempotency")
    assert send(jobs_client, content, key="k1", prior=0.2).status_code == 422
    assert send(jobs_client, content, key="k2").json()["id"] != first.json()["id"]
    assert len(jobs_client.get("/v1/jobs").json()["data"]) == 2


def test_jobs_are_listed_newest_first_in_pages(jobs_client):
    sent = [send(jobs_client, jsonl([{"text": f"w{i}"}])).json()["id"] for i in range(5)]
    first = jobs_client.get("/v1/jobs", params={"limit": 3}).json()
    rest = jobs_client.get("/v1/jobs", params={"limit": 3, "before": first["next"]}).json()
    assert [job["id"] for job in first["data"] + rest["data"]] == sent[::-1]
    assert rest["next"] is None


def test_texts_leave_the_disk_when_their_job_ends(jobs_client, tmp_path, texts):
    ended(jobs_client, send(jobs_client, jsonl([{"text": texts[0]}])).json()["id"])
    for _ in range(100):
        if not list((tmp_path / "jobs" / "uploads").iterdir()):
            break
        time.sleep(0.05)
    files = [file for file in (tmp_path / "jobs").rglob("*") if file.is_file()]
    assert all(texts[0][:30].encode() not in file.read_bytes() for file in files)


def test_a_deleted_job_is_gone_with_its_results(jobs_client, texts):
    identity = ended(jobs_client, send(jobs_client, jsonl([{"text": texts[0]}])).json()["id"])["id"]
    assert jobs_client.delete(f"/v1/jobs/{identity}").status_code == 204
    for address in ("", "/results", "/results.csv"):
        assert jobs_client.get(f"/v1/jobs/{identity}{address}").status_code == 404
    assert jobs_client.get("/v1/jobs").json()["data"] == []


def test_jobs_leave_nothing_in_memory(jobs_client, texts):
    def patterns():
        gc.collect()
        return sum(type(each) is re.Pattern for each in gc.get_objects())

    def come_and_go(n):
        for _ in range(n):
            identity = ended(jobs_client, send(jobs_client, jsonl([{"text": texts[0]}])).json()["id"])["id"]
            assert jobs_client.delete(f"/v1/jobs/{identity}").status_code == 204

    come_and_go(2)
    before = patterns()
    come_and_go(10)
    assert patterns() < before + 10


@pytest.mark.parametrize("identity", ["..%2f..%2fjobs", "0" * 32, "'; DROP TABLE jobs; --", "*"])
def test_an_id_is_a_name_and_nothing_else(jobs_client, identity):
    for method, end in (("GET", ""), ("GET", "/results"), ("GET", "/results.csv"), ("POST", "/cancel"), ("DELETE", "")):
        assert jobs_client.request(method, f"/v1/jobs/{identity}{end}").status_code == 404


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../etc/cron.d/x.jsonl", "x.jsonl"),
        ("C:\\windows\\x.jsonl", "x.jsonl"),
        ("a\u202etxt.b.jsonl", "atxt.b.jsonl"),
        ("/etc/passwd%00.jsonl", "passwd%00.jsonl"),
        ("x" * 500 + ".jsonl", "x" * 114 + ".jsonl"),
    ],
)
def test_a_name_of_a_file_leads_nowhere(jobs_client, tmp_path, name, kept):
    before = {path for path in tmp_path.rglob("*")}
    job = send(jobs_client, jsonl([{"text": "w1"}]), name).json()
    assert job["name"] == kept
    made = {path.relative_to(tmp_path).parts[0] for path in set(tmp_path.rglob("*")) - before}
    assert made <= {"jobs"}
    download = jobs_client.get(f"/v1/jobs/{job['id']}/results.jsonl")
    assert kept not in download.headers["content-disposition"]
