"""Which rounds are kept, when it stops, and what the ledger says of it; with trainings that take no time."""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from tain.core.errors import ConfigError, TrainingError
from tain.core.example import Example
from tain.detector.verdict import ModelId
from tain.mining.decision import FixedScores
from tain.mining.ledger import Ledger
from tain.recipes.mine import loop
from tain.recipes.mine.arms import Contender
from tain.recipes.mine.configuration import read_settings
from tain.recipes.mine.folder import MiningFolder
from tain.recipes.mine.loop import mine
from tain.recipes.mine.measuring import Measured
from tain.recipes.mine.stage import Added, Chosen

HUMANS = [Example(f"c{i}", "text", domain="plain") for i in range(60)]


class Texts:
    held: ClassVar = {"control": HUMANS, "measurement": HUMANS[:20]}
    guard: ClassVar = []

    def labelled_ids(self):
        return {"labelled"}

    def set_aside(self):
        return {}


class FakeDetector:
    def __init__(self, number):
        self.model = ModelId("fake", "1", f"sha-{number}")
        self.settings = SimpleNamespace(about=None)
        self.saved = []

    def described(self, *, about, summary):
        self.summary = summary
        return self

    def save(self, folder):
        self.saved.append(folder)


def contender(number, n_flagged, added=()):
    control = np.zeros(60)
    control[:n_flagged] = 9.0
    return Contender(
        number, FakeDetector(number), Measured(FixedScores(control, np.arange(10.0), 4.5), control[:20]), added
    )


@dataclass
class Runner:
    flagged: list
    n_random: int = 9
    asked: list = field(default_factory=list)

    def first(self):
        return contender(0, self.flagged[0])

    def hardest(self, number, chosen, kept):
        self.asked.append((number, kept.number))
        found = self.flagged[number]
        if isinstance(found, Exception):
            raise found
        return contender(number, found, (*kept.added, Added(None, {"humans": len(chosen.mined), "sha256": "x"})))

    def random(self, number, chosen, rival):
        return contender(number, self.n_random, rival.added)


@dataclass
class Choosing:
    n_rounds_with_texts: int = 9
    gone: list = field(default_factory=list)

    def choose(self, number, kept, gone):
        self.gone.append(set(gone))
        is_empty = number > self.n_rounds_with_texts
        mined = [] if is_empty else [Example(f"m{number}-{i}", "text") for i in range(2)]
        return Chosen(mined, [], [], {"mined": len(mined)})

    def n_undecided(self):
        return 3


def run(tmp_path, flagged, *settings, choosing=None, **runner):
    parts = read_settings(None, settings=["mining.n_rounds=4", *settings])
    folder = MiningFolder(tmp_path / "mined")
    runner = Runner(flagged, **runner)
    choosing = choosing or Choosing()
    looped = loop._Loop(parts, folder, Texts(), runner, choosing, Ledger(folder.ledger), lambda line: None)
    return looped.run(), looped, runner, choosing


def entries(result, event):
    lines = [json.loads(line) for line in result.folder.ledger.read_text().splitlines()]
    return [line for line in lines if line["event"] == event]


def test_rounds_that_help_are_kept_and_build_on_each_other(tmp_path):
    result, looped, runner, choosing = run(tmp_path, [30, 20, 10, 3, 0], "mining.alpha=0.05")
    assert [each.is_kept for each in result.rounds] == [True, True, True, True, False]  # from 3 to 0: p is 0.125
    assert runner.asked == [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert looped.kept.number == 3
    assert looped.kept.detector.saved == [result.folder.detector]
    assert choosing.gone[2] == {"labelled", "m1-0", "m1-1", "m2-0", "m2-1"}
    assert result.stopped == "Round 4 was reverted, and did not pay."
    assert [entry["is_kept"] for entry in entries(result, "round")] == [True, True, True, True, False]
    assert entries(result, "stop")[0]["kept"] == 3
    assert entries(result, "round")[2]["decision"]["fpr_before"]["k"] == 20
    assert result.n_held == 3


def test_a_tie_and_a_loss_are_reverted_and_what_was_kept_stays(tmp_path):
    result, looped, runner, choosing = run(tmp_path, [10, 10, 40, 2, 1], "mining.patience=3")
    assert [each.is_kept for each in result.rounds] == [True, False, False, True, False]
    assert runner.asked == [(1, 0), (2, 0), (3, 0), (4, 3)]
    assert choosing.gone[1] == {"labelled", "m1-0", "m1-1"}  # what a reverted round mined is not mined again
    assert looped.kept.number == 3
    assert result.stopped == "All 4 rounds were made."


def test_it_stops_after_as_many_reverted_rounds_in_a_row_as_it_has_patience(tmp_path):
    result, *_ = run(tmp_path, [10, 10, 10, 0], "mining.patience=2")
    assert len(result.rounds) == 3
    assert result.stopped == "Round 2 was reverted, as was the one before."


def test_it_stops_when_there_is_nothing_left_to_mine(tmp_path):
    result, looped, *_ = run(tmp_path, [30, 10, 0], choosing=Choosing(n_rounds_with_texts=1))
    assert result.stopped == "Round 2 found no text above the floor that may be mined."
    assert looped.kept.number == 1


def test_a_round_that_cannot_be_trained_loses_nothing(tmp_path):
    result, looped, *_ = run(tmp_path, [30, 10, TrainingError("The loss rose to 9.")])
    assert result.stopped == "Round 2 could not be trained and is left out. The loss rose to 9."
    assert looped.kept.number == 1
    assert (result.folder.path / "table.md").is_file()


def test_the_random_arm_is_reported_and_decides_nothing(tmp_path):
    result, looped, *_ = run(tmp_path, [30, 20, 30], "mining.control_arm=random", "mining.n_rounds=2", n_random=0)
    assert [(each.round, each.arm, each.is_kept) for each in result.rounds] == [
        (0, "hardest", True), (1, "hardest", True), (1, "random", False), (2, "hardest", False), (2, "random", False),
    ]  # fmt: skip
    assert looped.kept.number == 1
    assert len(entries(result, "random")) == 2


def test_saying_it_all_again_enters_nothing_twice(tmp_path):
    result, *_ = run(tmp_path, [30, 10, 0], choosing=Choosing(n_rounds_with_texts=2))
    once = result.folder.ledger.read_bytes()
    run(tmp_path, [30, 10, 0], choosing=Choosing(n_rounds_with_texts=2))
    assert result.folder.ledger.read_bytes() == once


def test_the_card_has_the_rates_of_the_texts_that_decided_nothing(tmp_path):
    _, looped, *_ = run(tmp_path, [30, 5, 5])
    pool = looped.kept.detector.summary.pools[0]
    assert (pool.name, pool.n, pool.n_flagged) == ("plain", 20, 5)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"mining.pool": ["p"]}, "nothing to train on"),
        ({"corpus.train": ["t"]}, "no pool of human texts"),
        ({"corpus.train": ["t"], "mining.pool": ["p"], "corpus.label_map": ["a=b", "c=d"]}, "labels are b, d"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_written(tmp_path, flags, message):
    with pytest.raises(ConfigError, match=message):
        mine(read_settings(None, flags=flags), tmp_path / "mined")
    assert not (tmp_path / "mined").exists()
