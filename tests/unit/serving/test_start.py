"""How a server comes up."""

import subprocess
import sys

import pytest
from tests.detector_fixtures import made_up_texts, make_classifier

from tain.core.errors import DetectorError
from tain.serving.served import open_models
from tain.serving.served_classifier import ServedClassifier
from tain.serving.served_detector import ServedDetector

HEAVY = ("torch", "transformers", "peft", "sklearn", "matplotlib")


def test_the_detector_that_ships_is_served_without_torch():
    code = (
        "import sys, tain.serving.server; from tain.serving.app import create_app; app = create_app(); "
        f"print([name for name in {HEAVY} if name in sys.modules], list(app.state.service.models))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[] ['tain-minilm']"


def test_a_folder_is_served_as_what_it_is(detector_folder, classifier_folder):
    kinds = {name: type(model) for name, model in open_models([classifier_folder, detector_folder]).items()}
    assert kinds == {"news": ServedClassifier, "detector": ServedDetector}
    assert list(kinds) == ["news", "detector"]  # the first is for requests that name none


def test_a_classifier_for_detection_without_operating_points_is_served_as_a_classifier(detector_folder, tmp_path):
    folder = make_classifier(tmp_path / "bare", base=str(detector_folder.parent / "base"))
    [model] = open_models([folder]).values()
    assert isinstance(model, ServedClassifier)
    assert model.labels == ("human", "ai")


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(DetectorError, match="is no detector"):
        open_models([tmp_path])


def test_torch_gives_the_same_verdicts(detector_folder, detector):
    [model] = open_models([detector_folder], engine="torch").values()
    texts = made_up_texts(5, seed=51, high=200)
    work = model.prepare(texts)
    readings = model.finish(work, model.outputs(work.rows, batch_tokens=4096))
    scores = [detector.check(text).score for text in texts]
    assert [reading.score for reading in readings] == pytest.approx(scores, abs=1e-4)
