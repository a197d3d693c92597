"""Mirrors from a language model that writes behind `transformers serve`, with faults before it and kills between."""

import json
import signal

import pytest
from tests.mirror_kills import check, run_with_kills
from tests.stories import SOURCE, convert_stories
from tests.story_server import end_at_paragraphs, story_ordeal, story_server

pytestmark = [
    pytest.mark.timeout(1200),  # half a minute, and twenty where all processors are taken
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9"),
]
N, N_KILLS = 100, 2


@pytest.fixture(scope="module")
def killed(shared_data, tmp_path_factory):
    if not (shared_data / SOURCE).is_dir():
        pytest.skip(f"needs the real tiny language model, and {shared_data / SOURCE} is absent")
    folder = tmp_path_factory.mktemp("killed")
    model = end_at_paragraphs(convert_stories(shared_data, folder / "stories260K"))
    with story_server(model, folder / "server.log") as address:
        ordeal = story_ordeal(address, model, folder, timeout_s=120, slow=0.02, slow_s=2)
        return run_with_kills(folder, n_parents=N, n_kills=N_KILLS, ordeal=ordeal)


def test_every_text_has_one_outcome_and_no_answer_is_asked_for_twice(killed):
    counts = check(killed)
    assert counts["n_kills"] == N_KILLS
    assert counts["n_accepted"] + counts["n_rejected"] == N
    assert counts["n_accepted"] >= N // 2
    assert min(counts[f"n_{kind}"] for kind in ("too_many", "broken", "cut", "malformed", "slow")) > 0


def test_a_mirror_says_who_wrote_it_and_was_paid_by_its_tokens(killed):
    rows = [json.loads(line) for line in (killed.folder / "mirrors.jsonl").read_text().splitlines()]
    assert {row["generator"].partition("@")[0] for row in rows} == {str(killed.folder / "stories260K")}
    assert {(row["template"], row["variant"], row["label"]) for row in rows} == {("story", "from_opening", "ai")}
    assert len({row["text"] for row in rows}) == len(rows)
    assert "written, $0." in killed.outputs[-1]


def test_the_run_says_how_well_the_mirrors_match(killed):
    proof = json.loads((killed.folder / "mirrors.jsonl.proof.json").read_text())
    assert proof["matching"]["n_pairs"] == len((killed.folder / "mirrors.jsonl").read_text().splitlines())
    assert 0.7 <= proof["matching"]["lengths"]["median"] <= 1.4
    assert proof["matching"]["topic"]["shuffled"] < 1
    assert proof["normalised"]["auroc"]["value"] > 0.6  # stories of a child, and sentences of ours
    assert "AUROC of trivial features" in killed.outputs[-1]
    assert "trivial features tell mirrors from human" in killed.outputs[-1].replace("\n", " ")
