"""Every line of curl in the documents, run against a server that is a process of its own."""

import gzip
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import polars as pl
import pytest

pytest.importorskip("prometheus_client")

from tests import documents
from tests.detector_fixtures import made_up_texts, make_other_classifier
from tests.served_process import serving

from tain.detector.folder import find_detector

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl: apt-get install curl"),
]
ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:3000"
# What the reader puts in: a text of theirs for each "…" or "...".
LEFT_OUT = re.compile(r"(?<=\")(…|\.\.\.)(?=\")")


def commands(page: str) -> list[str]:
    blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    return [each for block in blocks for each in re.split(r"^(?=curl )", block, flags=re.MULTILINE) if "curl " in each]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """The folder of somebody who reads the documents, with the files that they name."""
    folder = tmp_path_factory.mktemp("reader")
    texts = made_up_texts(120, seed=5)
    (folder / "essay.docx").write_bytes(documents.docx(texts[:2]))
    rows = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (folder / "essays.jsonl.gz").write_bytes(gzip.compress(rows.encode()))
    return folder


@pytest.fixture(scope="module")
def address(reader, tmp_path_factory):
    made = tmp_path_factory.mktemp("made")
    safety = make_other_classifier(made / "safety", ("unsafe", "safe"))
    shutil.copytree(find_detector(None), made / "detectors" / "law-faculty")
    models = ("--model", find_detector(None), "--model", safety, "--adapters", made / "detectors")
    with serving(*models, "--jobs-dir", reader / "jobs") as server:
        yield server.address
        assert server.stop() == 0


@pytest.fixture
def run(reader, address):
    def run(command, *, low=50, high=90, **variables):
        texts = iter(made_up_texts(8, seed=6, low=low, high=high))
        asked = LEFT_OUT.sub(lambda _: next(texts), command.replace(ADDRESS, address))
        assert address in asked
        script = 'curl() { command curl --fail-with-body "$@"; }\n' + asked
        environment = os.environ | variables
        done = subprocess.run(["bash", "-euc", script], cwd=reader, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, (asked, done.stdout.decode(), done.stderr.decode())
        return json.loads(done.stdout) if done.stdout else None

    return run


def test_the_line_of_the_readme_gives_a_verdict(run):
    [command] = [each for each in commands("README.md") if ADDRESS in each]
    [verdict] = run(command)["verdicts"]
    assert verdict["label"] in ("human", "ai")


def test_the_lines_of_the_page_on_serving_work_in_their_order(run, reader):
    check, document, add, look, results, download, cancel, delete, gates, faculty = commands("docs/serving.md")
    [verdict] = run(check)["verdicts"]
    assert (verdict["target_fpr"], verdict["prior"]) == (0.01, 0.1)
    assert verdict["probability"] is not None
    assert run(document)["file"]["kind"] == "docx"
    job = run(add)
    assert run(add)["id"] == job["id"]  # one job under its Idempotency-Key
    name = {"ID": job["id"]}
    end = time.monotonic() + 120
    while run(look, **name)["state"] != "done":
        assert time.monotonic() < end
        time.sleep(0.5)
    assert [row["row"] for row in run(results, **name)["data"]] == list(range(100, 120))
    run(download, **name)
    assert pl.read_parquet(reader / "results.parquet").height == 120
    assert run(cancel, **name)["state"] == "done"
    assert run(delete, **name) is None
    assert run(faculty)["model"] == "law-faculty"
    found = run(gates, low=10, high=20)  # the small classifier reads 64 tokens at once
    assert found["n_passed"] + len(found["dropped"]) == 2
    assert {gate["model"] for each in [*found["passed"], *found["dropped"]] for gate in each["gates"]} == {
        "safety",
        "tain-minilm",
    }


def test_no_line_of_curl_stands_where_it_is_not_run():
    pages = [page for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")] if "\ncurl " in page.read_text()]
    assert {str(page.relative_to(ROOT)) for page in pages} == {"README.md", "docs/serving.md"}
