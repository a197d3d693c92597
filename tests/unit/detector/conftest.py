"""One tiny detector for all tests of this folder."""

from pathlib import Path

import pytest
from tests.detector_fixtures import make_detector

from tain.detector import Detector


@pytest.fixture(scope="session")
def detector_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_detector(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def detector(detector_folder: Path) -> Detector:
    return Detector.load(detector_folder)
