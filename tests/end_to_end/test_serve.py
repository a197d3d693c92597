"""`tain serve` as a process: clients that exist already work as they are, and a signal loses nothing."""

import json
import pickle
import re
import shutil
import threading
import time

import httpx
import pytest

pytest.importorskip("prometheus_client")

from tests.detector_fixtures import made_up_texts, make_detector
from tests.served_process import serving

from tain.cli import DONE, MISUSE
from tain.cli.app import run
from tain.detector import Detector
from tain.serving.keys import KeyRing, write_keys

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_detector(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def text():
    return made_up_texts(1, seed=41, low=150, high=200)[0]


@pytest.fixture(scope="module")
def server(folder):
    with serving("--model", folder) as server:
        yield server


def test_hugging_faces_client_works_as_it_is(server, folder, text, monkeypatch):
    import huggingface_hub.constants
    from huggingface_hub import InferenceClient

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)  # it refuses even this machine otherwise
    found = InferenceClient(base_url=server.address, token="none").text_classification(text)
    assert {each.label for each in found} == {"human", "ai"}
    assert found[0].label == Detector.load(folder).check(text).label
    assert found[0].score > found[1].score
    [first] = InferenceClient(base_url=server.address, token="none").text_classification(text, top_k=1)
    assert first == found[0]


def test_openais_client_lists_the_models(server):
    from openai import OpenAI

    listed = OpenAI(base_url=f"{server.address}/v1", api_key="none").models.list().data
    assert [(model.id, model.object) for model in listed] == [("detector", "model")]


def test_curl_gets_the_verdict_of_tain_check(server, folder, text, tmp_path, capsys):
    (tmp_path / "text.txt").write_text(text)
    assert run(["check", str(tmp_path / "text.txt"), "--model", str(folder), "--json"]) == DONE
    alone = json.loads(capsys.readouterr().out)
    [verdict] = httpx.post(f"{server.address}/v1/check", json={"text": text}).json()["verdicts"]
    assert {name: verdict[name] for name in alone.keys() & verdict.keys()} == {
        name: alone[name] for name in alone.keys() & verdict.keys()
    }
    assert len(alone.keys() - verdict.keys()) == 2  # model and caveat stand once for all verdicts


def test_the_log_is_json_without_texts(server, text):
    httpx.post(f"{server.address}/v1/check", json={"text": text}, headers={"X-Request-Id": "seen"})
    httpx.get(f"{server.address}/health")
    lines = [json.loads(line) for line in list(server.log) if line.startswith("{")]
    assert [line["status"] for line in lines if line.get("request_id") == "seen" and "status" in line] == [200]
    assert text[:20] not in "".join(server.log)


def test_a_taken_port_is_said_plainly(server, folder, capsys):
    port = server.address.rpartition(":")[2]
    assert run(["serve", "--model", str(folder), "--port", port]) == MISUSE
    assert f"127.0.0.1:{port} cannot be listened on" in capsys.readouterr().err


def test_other_machines_are_not_served_without_keys(folder, capsys):
    assert run(["serve", "--model", str(folder), "--host", "0.0.0.0", "--port", "0"]) == MISUSE
    assert "API keys are needed" in capsys.readouterr().err


def test_a_folder_that_is_no_model_is_said_plainly(tmp_path, capsys):
    assert run(["serve", "--model", str(tmp_path), "--port", "0"]) == 1
    assert "is no detector" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "calibration.safetensors", "tokenizer.json"])
def test_a_folder_that_was_changed_is_not_served(folder, tmp_path, capsys, name):
    changed = shutil.copytree(folder, tmp_path / "changed")
    content = bytearray((changed / name).read_bytes())
    content[-2] ^= 1
    (changed / name).write_bytes(content)
    assert run(["serve", "--model", str(changed), "--port", "0"]) == 1
    assert f"{name} was changed" in capsys.readouterr().err


def test_a_folder_with_a_pickle_in_it_is_not_served(folder, tmp_path, capsys):
    odd = shutil.copytree(folder, tmp_path / "odd")
    (odd / "adapter_model.bin").write_bytes(pickle.dumps({}))
    assert run(["serve", "--model", str(odd), "--port", "0"]) == 1
    assert "adapter_model.bin does not belong there" in capsys.readouterr().err


def test_a_signal_finishes_what_was_taken(folder, tmp_path):
    ring, token = KeyRing().with_new("me", ("check",))
    ring, owner = ring.with_new("owner", ("admin",))
    write_keys(tmp_path / "keys.json", ring)
    texts = made_up_texts(8, seed=42, low=500, high=600)
    with serving("--model", folder, "--keys", tmp_path / "keys.json", "--batch-tokens", 512) as server:
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.post(f"{server.address}/v1/check", json={"text": texts[0]}).status_code == 401
        answers = []

        def ask():
            answers.append(httpx.post(f"{server.address}/v1/check", json={"text": texts}, headers=headers, timeout=60))

        asking = [threading.Thread(target=ask) for _ in range(4)]
        for each in asking:
            each.start()
        while _n_taken(server, owner) < 4:
            time.sleep(0.01)
        assert server.stop() == 0
        for each in asking:
            each.join(60)
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["verdicts"][0]["score"] for answer in answers}) == 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.address}/health")


def _n_taken(server, token):
    page = httpx.get(f"{server.address}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=30).text
    waiting = re.search(r"^tain_waiting_requests (\S+)", page, re.MULTILINE)[1]
    answered = re.search(r'^tain_requests_total{.*"/v1/check",status="200"} (\S+)', page, re.MULTILINE)
    return float(waiting) + (float(answered[1]) if answered else 0)
