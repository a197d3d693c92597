"""What several of these tests need: a browser, and the files of a small mining."""

from pathlib import Path

import pytest
from tests.browser import launched
from tests.mining_fixtures import make_data


@pytest.fixture(scope="module")
def browser():
    yield from launched()


@pytest.fixture(scope="module")
def mining_files(tmp_path_factory) -> dict[str, Path]:
    return make_data(tmp_path_factory.mktemp("made"))
