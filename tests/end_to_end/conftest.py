"""The browser of all tests that open a page."""

import pytest
from tests.browser import launched


@pytest.fixture(scope="module")
def browser():
    yield from launched()
