"""Mirrors from an endpoint that fails, with a process that is killed: nothing is lost, nothing is bought twice."""

import signal
from dataclasses import replace

import pytest
from tests.mirror_kills import KEY, check, run_with_kills

pytestmark = [
    pytest.mark.timeout(900),  # a busy machine may take minutes over what takes seconds
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9"),
]


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    return run_with_kills(tmp_path_factory.mktemp("killed"), n_parents=300, n_kills=2)


def test_every_text_has_one_outcome_and_no_answer_is_bought_twice(killed):
    counts = check(killed)
    assert counts["n_kills"] == 2
    assert counts["n_accepted"] >= 290
    assert min(counts[f"n_{kind}"] for kind in ("too_many", "broken", "cut", "malformed", "refusal")) > 0


def test_the_check_would_notice_an_answer_bought_twice(killed):
    answered = next(entry for entry in killed.log if entry.kind == "answered" and entry.is_sent)
    with pytest.raises(AssertionError, match="asked for again"):
        check(replace(killed, log=[*killed.log, replace(answered, mark="")]))


def test_the_check_would_notice_the_key_in_a_file(killed):
    leak = killed.folder / "leak.txt"
    leak.write_text(KEY)
    try:
        with pytest.raises(AssertionError, match=r"leak\.txt holds the key"):
            check(killed)
    finally:
        leak.unlink()
