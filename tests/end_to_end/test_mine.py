"""`tain mine` from files to a detector, and killed at any moment it ends in the same one."""

import json
import os
import random
import signal
import time
from functools import partial
from pathlib import Path

import pytest
from tests.mining_fixtures import command, mined_in_a_child

from tain.cli import DONE, PARTIAL
from tain.cli.app import run
from tain.detector import Detector

N_KILLS_IN_TIME, N_KILLS_AT_WRITES = 3, 3


@pytest.fixture(scope="module")
def whole(mining_files, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    assert in_a_child(mining_files, folder / "mined") == 0
    return folder / "mined"


def in_a_child(
    mining_files, output: Path, *, kill_after_s: float = 0, kill_at_write: int | None = None, after: bool = False
) -> int | None:
    """The exit status of a mining in a process of its own, killed at a moment or at one of its writes."""
    first = partial(die_at_write, kill_at_write, after=after) if kill_at_write is not None else None
    return mined_in_a_child(mining_files, output, first=first, kill_after_s=kill_after_s)


def die_at_write(number: int, *, after: bool) -> None:
    replace, n_done = os.replace, 0

    def counted(source, target):
        nonlocal n_done
        n_done += 1
        if n_done == number and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)
        if n_done == number:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = counted


def result_of(output: Path) -> dict[str, object]:
    """Every weight that was trained, every decision, and what the kept detector answers by."""
    weights = {str(file.relative_to(output)): file.read_bytes() for file in sorted(output.rglob("adapter_model.*"))}
    entries = [json.loads(line) for line in (output / "ledger.jsonl").read_text().splitlines()]
    decided = [
        {key: value for key, value in entry.items() if key in ("key", "decision", "chosen", "added", "fpr", "why")}
        for entry in entries
        if entry["event"] != "repair"
    ]
    settings = json.loads((output / "detector" / "detector.json").read_text())
    counted = [{**entry, "chosen": without_new(entry["chosen"])} if "chosen" in entry else entry for entry in decided]
    return {"weights": weights, "decided": counted, "calibration": settings["calibration"]}


def without_new(chosen: dict[str, object]) -> dict[str, object]:
    return {
        key: value for key, value in chosen.items() if key != "scored now"
    }  # the others were scored before the kill


def test_it_leaves_a_detector_a_table_a_plot_and_a_ledger(whole):
    assert Detector.load(whole).settings.about.name == "run"
    table = (whole / "table.md").read_text()
    assert "| 0 | - | 0 |" in table and "| 1 | hardest |" in table and "| 1 | random |" in table
    assert "<svg" in (whole / "rounds.svg").read_text()
    rounds = json.loads((whole / "summary.json").read_text())["rounds"]
    hardest = next(each for each in rounds if (each["round"], each["arm"]) == (1, "hardest"))
    rival = next(each for each in rounds if (each["round"], each["arm"]) == (1, "random"))
    assert 0 < hardest["n_mined"] <= 20
    assert rival["n_mined"] == hardest["n_mined"]


def test_the_ledger_says_why_each_round_was_kept_or_reverted(whole):
    entries = [json.loads(line) for line in (whole / "ledger.jsonl").read_text().splitlines()]
    assert [entry["event"] for entry in entries][:2] == ["start", "round"]
    assert set(entries[0]["sha256"]) > {"bank.jsonl"} or len(entries[0]["sha256"]) == 4
    for entry in entries:
        if entry["event"] == "round" and entry["round"]:
            decision = entry["decision"]
            fell = decision["fpr_after"]["k"] < decision["fpr_before"]["k"]
            assert decision["is_kept"] == entry["is_kept"] == fell  # alpha is 1 here
            assert decision["tpr_after"]["k"] >= decision["tpr_before"]["k"]
            assert {"k", "n", "low", "high"} <= decision["fpr_after"].keys()
            assert len(entry["added"]["sha256"]) == 64
            assert entry["added"]["note"].startswith("The nearest AI text by embedding stands in for a mirror")
            assert entry["added"]["matching"].keys() >= {"length_ratio", "trivial_auroc_raw", "trivial_auroc"}
    assert entries[-1]["event"] == "stop"


def test_nothing_that_judges_is_trained_on_and_each_stand_in_is_used_once(whole):
    from tain.recipes.mine.example_file import load_examples

    held = [load_examples(whole / "texts" / f"{part}.parquet") for part in ("calibration", "control", "measurement")]
    judged = {example.text for part in held for example in part}
    assert sum(map(len, held)) == len(judged)
    trained = load_examples(whole / "texts" / "train.parquet")
    mirrors = []
    for file in sorted(whole.glob("round-*/added/added.parquet")):
        added = load_examples(file)
        trained += added
        humans = {example.group for example in added if example.id.startswith("mined:")}
        assert humans == {example.group for example in added if example.id.startswith("mirror:")}
        mirrors += [example.id for example in added if example.label == "ai"]
    assert mirrors
    assert not judged & {example.text for example in trained}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork to kill a mining without paying for imports")
def test_killed_at_random_moments_and_writes_it_ends_in_the_same_detector(mining_files, whole, tmp_path):
    rng, expected = random.Random(2), result_of(whole)
    started = time.perf_counter()
    assert in_a_child(mining_files, tmp_path / "timed" / "mined") == 0
    duration_s = time.perf_counter() - started
    assert result_of(tmp_path / "timed" / "mined") == expected
    kills = [{"kill_after_s": rng.uniform(0.1, 0.6) * duration_s} for _ in range(N_KILLS_IN_TIME)]
    kills += [{"kill_at_write": rng.randint(1, 30), "after": rng.random() < 0.5} for _ in range(N_KILLS_AT_WRITES)]
    rng.shuffle(kills)
    n_killed, attempt = 0, 0
    for kill in kills:
        output = tmp_path / f"killed-{attempt}" / "mined"
        n_killed += in_a_child(mining_files, output, **kill) == -signal.SIGKILL
        if (output / "detector" / "detector.json").is_file():
            assert in_a_child(mining_files, output) == 0
            assert result_of(output) == expected
            attempt += 1
    output = tmp_path / f"killed-{attempt}" / "mined"
    assert in_a_child(mining_files, output) == 0
    assert result_of(output) == expected
    assert n_killed >= 5


def test_more_rounds_go_on_from_what_is_there(mining_files, whole, tmp_path, capsys, monkeypatch):
    import shutil

    from tain.recipes.mine import detectors

    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))
    output = tmp_path / "mined"
    shutil.copytree(whole, output)
    words = command(mining_files, output, "--control-arm", "random", "--resume", "--json")
    trained = []
    train = detectors.train
    monkeypatch.setattr(detectors, "train", lambda *args, **kwargs: trained.append(args[1]) or train(*args, **kwargs))
    assert run(words) == DONE
    assert trained == []
    rounds = json.loads(capsys.readouterr().out)["rounds"]
    words[words.index("--rounds") + 1] = "3"
    assert run([*words, "--set", "mining.patience=3"]) == DONE
    again = json.loads(capsys.readouterr().out)["rounds"]
    assert again[: len(rounds)] == rounds
    assert len(trained) <= 2 and len(again) >= len(rounds)


def test_mining_without_mirrors_is_one_flag_and_said_so(mining_files, whole, tmp_path, monkeypatch):
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))
    alone = ["--mirrors", "none", "--model", str(whole), "--rounds", "1"]
    assert run(command(mining_files, tmp_path / "mined", *alone)) == DONE
    (added,) = (
        entry["added"]
        for entry in map(json.loads, (tmp_path / "mined" / "ledger.jsonl").read_text().splitlines())
        if entry["event"] == "round" and entry["round"]
    )
    assert (added["note"], added["mirrors"], added["humans"] > 0) == ("Without mirrors.", 0, True)


def test_rows_that_cannot_be_used_are_named_and_the_rest_is_mined(mining_files, whole, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TAIN_CACHE", str(tmp_path / "cache"))
    pool = tmp_path / "pool.jsonl"
    pool.write_text(mining_files["pool"].read_text() + json.dumps({"id": "spoilt", "text": "a NUL \0"}) + "\n")
    words = command({**mining_files, "pool": pool}, tmp_path / "mined", "--model", str(whole), "--rounds", "1")
    assert run([*words, "--on-bad", "set_aside"]) == PARTIAL
    told = capsys.readouterr().err
    aside = tmp_path / "mined" / "texts" / "set_aside-pool.jsonl"
    assert f"Bad rows set aside: 1 in {aside}" in told.replace("\n", "")
    assert json.loads(aside.read_text())["field"] == "text"
    assert (tmp_path / "mined" / "round-1" / "added").is_dir()
