"""Bars are drawn on a terminal, and nowhere that was told to be quiet."""

import io
import sys

import pytest

from tain.core.progress import hushed, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def drawn(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")

    def draw(*, stream=Terminal, is_quiet=False):
        monkeypatch.setattr(sys, "stderr", stream())
        with progress("reading", 2, is_quiet=is_quiet) as advance:
            advance(2)
        return "reading" in sys.stderr.getvalue()

    return draw


def test_a_bar_is_for_a_terminal(drawn):
    assert drawn()
    assert not drawn(is_quiet=True)
    assert not drawn(stream=io.StringIO)


def test_within_what_is_hushed_no_bar_is_drawn(drawn):
    with hushed(True):
        assert not drawn()
        with hushed(False):
            assert not drawn(), "the inner one took back what the outer one asked for"
    with hushed(False):
        assert drawn()
    assert drawn()
