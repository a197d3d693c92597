"""What is freed goes back to the system."""

from __future__ import annotations

import platform

import psutil
import pytest

from tain.core.allocator import give_back_memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the way back is glibc's")
def test_pages_between_what_is_kept_are_given_back():
    # Below the size from which glibc maps each piece by itself; every hundredth stays, so that the heap cannot shrink.
    pieces = [bytearray(60_000) for _ in range(2000)]
    kept = pieces[::100]
    pieces.clear()
    process = psutil.Process()
    before = process.memory_info().rss
    assert give_back_memory()
    assert before - process.memory_info().rss > 60e6
    assert len(kept) == 20


def test_a_system_without_a_way_is_no_error(monkeypatch):
    monkeypatch.setattr("tain.core.allocator._malloc_trim", lambda: None)
    assert give_back_memory() is False
