"""One tiny detector and one tiny classifier behind a server, for all tests of this folder."""

from pathlib import Path

import pytest

pytest.importorskip("fastapi")

import torch
from fastapi.testclient import TestClient
from tests.detector_fixtures import made_up_texts, make_detector
from tests.served_model import CountingModel
from tests.tiny import save_tiny_encoder
from transformers import BertForSequenceClassification

from tain.core.example import LabelSet
from tain.detector import Detector
from tain.methods import build_method
from tain.models import load_backbone
from tain.serving.app import create_app
from tain.serving.settings import Settings
from tain.training.classifier import Classifier, save_classifier

LABELS = LabelSet(("sport", "world", "science"))
HOSTS = ("testserver",)


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def detector_folder(tmp_path_factory) -> Path:
    return make_detector(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="session")
def detector(detector_folder) -> Detector:
    return Detector.load(detector_folder)


@pytest.fixture(scope="session")
def classifier_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("news")
    base = save_tiny_encoder(folder / "base")
    BertForSequenceClassification.from_pretrained(base).bert.save_pretrained(base)
    backbone = load_backbone(str(base), LABELS, pooling="native")
    method = build_method({"kind": "head_only"})
    network = method.prepare(backbone, seed=0).eval()
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in (p for p in network.parameters() if p.requires_grad):
            parameter.copy_(torch.randn(parameter.shape) * 0.5)
    classifier = Classifier(backbone, method, network, 64)
    save_classifier(classifier, folder / "news" / "model", probe_rows=classifier.token_ids(made_up_texts(2, seed=1)))
    return folder / "news"


@pytest.fixture(scope="session")
def app(detector_folder, classifier_folder):
    return create_app(Settings(models=(detector_folder, classifier_folder), allowed_hosts=HOSTS))


@pytest.fixture(scope="session")
def client(app):
    with TestClient(app) as client:
        yield client


@pytest.fixture
def make_app(detector_folder):
    def make(*, model=None, **settings):
        chosen = {"models": (detector_folder,), "allowed_hosts": HOSTS, **settings}
        app = create_app(Settings(**chosen))
        if model is not None:
            app.state.service.models = {model.id.name: model}
        return app

    return make


@pytest.fixture
def counting():
    model = CountingModel()
    yield model
    model.gate.set()
