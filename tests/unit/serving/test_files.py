"""`/v1/check/file` says of a document what `/v1/check` says of its text, and takes no harm from hostile ones."""

import json
import zlib

import pytest
from fastapi.testclient import TestClient
from tests import documents
from tests.detector_fixtures import made_up_texts

from tain.serving import logs
from tain.serving.documents import extract


@pytest.fixture(scope="module")
def paragraphs():
    return made_up_texts(3, seed=81, high=60)


def send(client, content, name, **fields):
    return client.post("/v1/check/file", files={"file": (name, content)}, data=fields)


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.docx", "a.pdf", "a.HTML", "a.rtf"])
def test_the_verdict_is_that_of_the_text_which_comes_back(client, paragraphs, name):
    kind = name.lower().rpartition(".")[2]
    text = "\n".join(paragraphs)
    made = {
        "docx": documents.docx,
        "html": documents.html,
        "rtf": documents.rtf,
        "pdf": lambda p: documents.pdf([text]),
    }
    content = made[kind](paragraphs) if kind in made else text.encode()
    answer = send(client, content, name, target_fpr=0.05, prior=0.2)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["text"].split() == text.split()
    assert body["file"] == {
        "name": name,
        "kind": kind,
        "n_bytes": len(content),
        "n_chars": len(body["text"]),
        "n_pages": 1 if kind == "pdf" else None,
        "encoding": "utf-8" if kind in ("txt", "md", "html") else None,
    }
    [verdict] = body["verdicts"]
    alone = client.post("/v1/check", json={"text": body["text"], "target_fpr": 0.05, "prior": 0.2}).json()
    assert [verdict] == alone["verdicts"]
    assert verdict["windows"]
    for window in verdict["windows"]:
        assert body["text"][window["start_index"] : window["end_index"]] == window["text"]


@pytest.mark.parametrize(
    ("name", "content", "status", "told"),
    [
        ("a.xlsx", b"PK\x03\x04", 415, "Expected .txt, .md"),
        ("a.docx", b"%PDF-1.4", 415, "it is a .pdf file"),
        ("a.pdf", b"Dear all", 415, "does not begin as a .pdf"),
        ("a.txt", b"", 422, "empty"),
        ("a.pdf", b"%PDF-1.4 broken", 422, "damaged"),
        ("a.docx", documents.docx(["a" * 2_000_000]), 413, "200 times its size"),
        ("a.txt", b"x" * 3_000_000, 413, "larger than 2,500,000"),
        ("a.txt", b"x y " * 550_000, 413, "at most 2,000,000"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(make_app, name, content, status, told):
    with TestClient(make_app(max_file_bytes=2_500_000)) as client:
        answer = send(client, content, name)
    assert (answer.status_code, told in answer.json()["error"]) == (status, True), answer.text


@pytest.mark.parametrize("content", [documents.nested_pdf(40), documents.pdf_of(["<< /Type /Catalog /Pages 1 0 R >>"])])
def test_a_pdf_that_leads_back_to_itself_ends(client, monkeypatch, content):
    monkeypatch.setattr(extract, "_SECONDS", 8.0)
    assert send(client, content, "a.pdf").status_code == 422


def test_a_pdf_that_swells_ends(client, monkeypatch):
    monkeypatch.setattr(extract, "_SECONDS", 4.0)
    packed = zlib.compress(b"(a) Tj " * 5_000_000).decode("latin-1")
    stream = f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n{packed}\nendstream"
    pages = "<< /Type /Pages /Kids [4 0 R] /Count 1 >>"
    page = "<< /Type /Page /Parent 2 0 R /Contents 3 0 R /MediaBox [0 0 9 9] >>"
    content = documents.pdf_of(["<< /Type /Catalog /Pages 2 0 R >>", pages, stream, page])
    assert send(client, content, "a.pdf").status_code in (413, 422)


def test_a_deeply_nested_document_harms_nobody(client, monkeypatch):
    monkeypatch.setattr(extract, "_SECONDS", 4.0)
    deep = "<w:p>" * 300_000 + "</w:p>" * 300_000
    assert send(client, documents.docx(body=deep), "a.docx").status_code in (413, 422)
    pages = b"<div>" * 300_000 + b"text"
    assert send(client, pages, "a.html").status_code in (200, 422)
    assert send(client, b"{\\rtf1" + b"{" * 300_000, "a.rtf").status_code == 422
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize("name", ['a"\r\nX-Evil: 1.txt', 'a\n{"event": "forged"}.txt', "../../a.txt", "a\x1b[31m.txt"])
def test_a_name_forges_neither_a_header_nor_a_line_of_the_log(client, paragraphs, capsys, name):
    logs.start_log()
    boundary = "b0undary"
    quoted = name.replace('"', "%22").replace("\r\n", "%0D%0A").replace("\n", "%0A")
    for filename in {name, quoted}:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'
        content = head.encode() + paragraphs[0].encode() + f"\r\n--{boundary}--\r\n".encode()
        answer = client.post(
            "/v1/check/file", content=content, headers={"Content-Type": f"multipart/form-data; boundary={boundary}"}
        )
        assert answer.status_code in (200, 400, 415, 422)
        assert "x-evil" not in answer.headers
        if answer.status_code == 200:
            kept = answer.json()["file"]["name"]
            assert "/" not in kept and kept.isprintable()
    for line in capsys.readouterr().err.splitlines():
        assert json.loads(line)["event"] != "forged"


def test_a_form_without_a_file_is_refused(client):
    assert client.post("/v1/check/file", data={"model": "detector"}).status_code == 422
    assert client.post("/v1/check/file", files={"file": (None, b"text")}).status_code == 422
    assert (
        client.post("/v1/check/file", content=b"x", headers={"Content-Type": "multipart/form-data"}).status_code == 400
    )
