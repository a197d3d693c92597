"""A server with a folder of adapters: found by name, loaded, read together, noticed when changed, dropped."""

import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from tests.detector_fixtures import N_HUMAN, made_up_texts, make_classifier
from tests.tiny import save_tiny_encoder
from transformers import AutoModel

from tain.core.errors import ConfigError
from tain.core.example import LabelSet
from tain.detector import Detector
from tain.methods import build_method
from tain.models import load_backbone
from tain.serving.app import create_app
from tain.serving.settings import Settings
from tain.training.classifier import Classifier, load_classifier, save_classifier

LABELS = ("sport", "world", "science", "art")
TEXTS = made_up_texts(6, seed=5, low=10, high=50)
FIFTY = made_up_texts(1, seed=3, low=50, high=50)[0]  # enough for the detector, and not too long for the others
KINDS = {
    "one": {"kind": "lora", "rank": 2},
    "two": {"kind": "lora", "rank": 5, "rslora": True},
    "three": {"kind": "lora", "rank": 3, "dora": True, "embeddings": False},
    "words": {"kind": "lora", "rank": 2, "embeddings": True},
    "whole": {"kind": "full"},  # cannot be mixed
}


def _save(base, folder, method, *, seed):
    backbone = load_backbone(str(base), LabelSet(LABELS[: 2 + seed % 3]), pooling="native")
    way = build_method(method)
    model = way.prepare(backbone, seed=seed).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in (p for p in model.parameters() if p.requires_grad):
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    classifier = Classifier(backbone, way, model, 64)
    save_classifier(classifier, folder, probe_rows=classifier.token_ids(TEXTS[:2]))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Adapters of many kinds over one network, with a detector among them."""
    home = tmp_path_factory.mktemp("made")
    base = save_tiny_encoder(home / "base")
    AutoModel.from_pretrained(base).save_pretrained(base)  # without a head, so that any number of labels fits
    for seed, (name, method) in enumerate(KINDS.items()):
        _save(base, home / "adapters" / name, method, seed=seed)
    classifier = make_classifier(home / "classifier", base=str(base), n_steps=40)
    human, ai = made_up_texts(N_HUMAN, seed=1), made_up_texts(100, seed=2, ai=True)
    Detector.build(classifier, human=human, ai=ai, window_tokens=32).save(home / "adapters" / "finder")
    (home / "adapters" / ".hidden").mkdir()
    shutil.copytree(home / "adapters" / "one", home / "adapters" / ".hidden" / "one")
    shutil.copytree(home / "adapters" / "one", home / "outside")
    (home / "adapters" / "notes").mkdir()
    return home


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made / "adapters", tmp_path / "adapters")


@pytest.fixture
def serve(detector_folder, folder):
    def make(**settings):
        chosen = {"models": (detector_folder,), "allowed_hosts": ("testserver",), "adapters": folder}
        return TestClient(create_app(Settings(**chosen | settings)))

    return make


@pytest.fixture
def client(serve):
    with serve() as client:
        yield client


def _classify(client, name, texts=TEXTS, status=200):
    answer = client.post("/v1/classify", json={"model": name, "input": texts, "use_activation": False})
    assert answer.status_code == status, answer.text
    return [each["probs"] for each in answer.json()["data"]] if status == 200 else answer.json()


def _expected(folder, texts=TEXTS):
    merged = load_classifier(folder).merge()
    return merged.logits(merged.token_ids(texts))


def _cards(client):
    return {card["id"]: card for card in client.get("/v1/models").json()["data"]}


@pytest.mark.parametrize("name", KINDS)
def test_each_adapter_answers_as_its_folder_says(client, folder, name):
    np.testing.assert_allclose(_classify(client, name), _expected(folder / name), atol=1e-4)


def test_requests_for_many_adapters_are_read_in_one_pass_and_get_their_own_answers(client, folder):
    expected = {name: _expected(folder / name) for name in KINDS}
    for name in KINDS:
        _classify(client, name, TEXTS[:1])
    service = client.app.state.service
    network = service.shelf.loaded["one"].share.network
    assert {name for name, model in service.shelf.loaded.items() if model.share} == set(KINDS) - {"whole"}
    passes, real = [], network.logits

    def counted(pairs, **options):
        passes.append(len({id(adapter) for adapter, _ in pairs}))
        return real(pairs, **options)

    network.logits = counted
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda name: (name, _classify(client, name)), [*KINDS] * 6))
    for name, answer in answers:
        np.testing.assert_allclose(answer, expected[name], atol=1e-4)
    assert max(passes) > 1


def test_a_detector_among_the_adapters_gives_the_verdicts_of_its_folder(client, made, folder):
    text = made_up_texts(1, seed=3, low=100, high=120)[0]
    answer = client.post("/v1/check", json={"model": "finder", "text": text}).json()
    own = Detector.load(folder / "finder").check(text)
    assert client.app.state.service.shelf.loaded["finder"].share is not None
    assert answer["model"] == "finder"
    assert answer["verdicts"][0]["score"] == pytest.approx(own.score, abs=1e-4)
    assert answer["verdicts"][0]["label"] == own.label


def test_the_list_shows_what_is_in_the_folder_and_what_is_in_memory(client, detector):
    before = _cards(client)
    assert set(before) == {detector.model.name, "finder", *KINDS}
    assert not any(before[name]["is_loaded"] for name in KINDS)
    _classify(client, "two")
    client.post("/v1/check", json={"model": "finder", "text": TEXTS[0]})
    after = _cards(client)
    assert {name for name in [*KINDS, "finder"] if after[name]["is_loaded"]} == {"two", "finder"}
    for name in ("two", "finder"):  # the card says the same before and after
        assert after[name] == before[name] | {"is_loaded": True}


@pytest.mark.parametrize(
    "name",
    ["../outside", "..", ".", "", ".hidden", ".hidden/one", "one/", "one/.", "./one", "notes", "no-such", "one\x00",
     "one\\..\\one", "x" * 5000, "/etc", "\ud800", "%2e%2e%2foutside"],
)  # fmt: skip
def test_only_the_plain_name_of_a_model_in_the_folder_names_one(client, name):
    body = {"model": name, "input": "w1 w2"}
    answer = client.post("/v1/classify", content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code == 404, answer.text
    assert client.app.state.service.shelf.loaded == {}


def test_what_is_added_changed_or_removed_is_noticed_by_the_next_request(client, made, folder):
    _classify(client, "fresh", status=404)
    shutil.copytree(made / "adapters" / "one", folder / "fresh")
    np.testing.assert_allclose(_classify(client, "fresh"), _expected(folder / "one"), atol=1e-4)
    shutil.rmtree(folder / "fresh")
    shutil.copytree(made / "adapters" / "two", folder / "fresh")
    np.testing.assert_allclose(_classify(client, "fresh"), _expected(folder / "two"), atol=1e-4)
    shutil.rmtree(folder / "fresh")
    assert "fresh" not in _cards(client)
    assert "fresh" not in client.app.state.service.shelf.loaded
    _classify(client, "fresh", status=404)


def _spoil(file):
    """Other bytes of the same length, with the old times."""
    stat, content = file.stat(), bytearray(file.read_bytes())
    content[-40:] = bytes(b ^ 0x41 for b in content[-40:])
    file.write_bytes(bytes(content))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("is_loaded", [False, True])
@pytest.mark.parametrize("name", ["one", "finder", "whole"])
def test_a_tampered_adapter_is_refused_and_the_others_are_unharmed(client, folder, name, is_loaded):
    ask = "/v1/classify"
    if is_loaded:
        assert client.post(ask, json={"model": name, "input": FIFTY}).status_code == 200
    before = _classify(client, "two")
    _spoil(next(file for file in sorted((folder / name).glob("*.safetensors")) if "cal" not in file.name))
    for _ in range(2):
        answer = client.post(ask, json={"model": name, "input": FIFTY})
        assert answer.status_code == 424
        assert str(folder) not in answer.text
    np.testing.assert_allclose(_classify(client, "two"), before, atol=1e-6)
    shutil.rmtree(folder / name)
    assert client.post(ask, json={"model": name, "input": "w1"}).status_code == 404


def test_a_damaged_folder_is_read_once_and_again_when_it_is_mended(client, made, folder):
    shelf, opened = client.app.state.service.shelf, []
    real = shelf._open
    shelf._open = lambda name, place: (opened.append(name), real(name, place))[1]
    (folder / "one" / "classifier.json").write_text("{}")
    for _ in range(3):
        _classify(client, "one", status=424)
    assert opened == ["one"]
    shutil.copy(made / "adapters" / "one" / "classifier.json", folder / "one" / "classifier.json")
    np.testing.assert_allclose(_classify(client, "one"), _expected(folder / "one"), atol=1e-4)


def test_memory_keeps_to_its_bound_and_the_one_asked_for_last_stays(serve, folder):
    with serve() as client:
        for name in ("one", "two", "three"):
            _classify(client, name)
        held = client.app.state.service.shelf._held
        sizes = {name: each.size_bytes for name, each in held.items()}
    bound = sizes["one"] + sizes["two"] + sizes["three"] - 1
    with serve(adapter_memory_bytes=bound) as client:
        shelf = client.app.state.service.shelf
        steps = {"one": ["one"], "two": ["one", "two"]}, {"one": ["two", "one"], "three": ["one", "three"]}
        for name, left in [step for part in steps for step in part.items()]:
            _classify(client, name)
            assert list(shelf.loaded) == left
            assert shelf.n_bytes <= bound
    with serve(adapter_memory_bytes=100) as client:
        assert "memory" in _classify(client, "one", status=424)["error"]


def test_adapters_come_and_go_under_concurrent_requests(serve, folder):
    expected = {name: _expected(folder / name) for name in KINDS}
    with serve() as client:
        _classify(client, "one")
        size = client.app.state.service.shelf.n_bytes
    with serve(adapter_memory_bytes=4 * size) as client:  # too small for all of them, and for the merged one
        stopping = threading.Event()

        def churn():
            while not stopping.wait(0.02):
                shutil.copytree(folder / "one", folder / ".part")
                os.replace(folder / ".part", folder / "coming")
                stopping.wait(0.02)
                shutil.rmtree(folder / "coming")

        thread = threading.Thread(target=churn)
        thread.start()
        names = ["one", "two", "three", "words", "coming", "two"] * 8
        try:
            with ThreadPoolExecutor(8) as pool:
                answers = list(
                    pool.map(lambda name: client.post(
                        "/v1/classify", json={"model": name, "input": TEXTS, "use_activation": False}), names)
                )  # fmt: skip
        finally:
            stopping.set()
            thread.join()
        assert client.app.state.service.shelf.n_bytes <= 4 * size
    for name, answer in zip(names, answers, strict=True):
        if name == "coming" and answer.status_code in (404, 424):  # not there, or half there
            continue
        assert answer.status_code == 200, answer.text
        found = [each["probs"] for each in answer.json()["data"]]
        np.testing.assert_allclose(found, expected["one" if name == "coming" else name], atol=1e-4)


def test_gates_take_adapters_and_jobs_say_why_they_do_not(client):
    gates = [{"model": "one", "label": "sport", "min_probability": 0.01}]
    answer = client.post("/v1/filter", json={"candidates": TEXTS[:2], "gates": gates})
    assert answer.status_code == 200, answer.text
    answer = client.post("/v1/jobs", files={"file": ("a.jsonl", b'{"text": "w1"}\n')}, data={"model": "finder"})
    assert answer.status_code == 422
    assert "--model" in answer.json()["error"]


def test_a_name_that_a_model_of_the_server_has_is_refused_at_the_start(serve, folder, made):
    with pytest.raises(ConfigError, match="there is a model named 'one' already"):
        serve(models=(made / "adapters" / "one",))


def test_a_folder_that_is_not_there_is_refused_at_the_start(serve, tmp_path):
    with pytest.raises(ConfigError, match="no such folder"):
        serve(adapters=tmp_path / "none")


def test_counts_say_what_is_in_memory(client):
    _classify(client, "one")
    page = client.get("/metrics").text
    assert "tain_adapters 1.0" in page
    assert "tain_adapter_loads_total 1.0" in page
