"""Programs that read what strangers send take no more than they may."""

import time

import pytest

from tain.serving.confined import Bounds, Cancelled, run_confined
from tain.serving.errors import Refusal

BOUNDS = Bounds(memory_bytes=1 << 30, seconds=2.0, file_bytes=1_000_000, answer_bytes=100_000)


@pytest.mark.parametrize("appetite", ["memory", "processor", "clock", "disk", "answer", "crash"])
def test_a_program_that_takes_too_much_is_stopped_and_said_to_be_so(appetite):
    with pytest.raises(Refusal, match="cannot be read within 2 s and the memory") as raised:
        run_confined("tests.hungry", [appetite], bounds=BOUNDS)
    assert raised.value.status_code == 422


def test_a_program_sees_no_secrets_and_no_input_but_its_own(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    found = run_confined("tests.hungry", ["environment"], bounds=BOUNDS)
    assert "OPENAI_API_KEY" not in found["names"]
    assert found["stdin"] == ""


def test_a_program_nobody_waits_for_is_stopped():
    started = time.monotonic()
    with pytest.raises(Cancelled):
        run_confined("tests.hungry", ["clock"], bounds=BOUNDS, is_cancelled=lambda: time.monotonic() > started + 0.2)
