"""Votes of the detectors in a Report."""

import json

import numpy as np
import pytest
from tests.detector_fixtures import N_HUMAN, made_up_texts, make_detector

from tain.cli import DONE, MISUSE
from tain.cli.app import run
from tain.core.errors import ConfigError
from tain.evaluation.comparison import Rival
from tain.evaluation.schema import Report
from tain.evaluation.thresholds import OperatingPoint
from tain.recipes.rivals import Against
from tain.recipes.votes import Votes, count_votes

NAN = float("nan")
POINT = OperatingPoint(target_fpr=0.01, threshold=1.0, n_human=300, n_above=3, fpr_upper=0.03)
OURS = np.array([2.0, 2.0, 0.0, 2.0, NAN])
ONE = Against(Rival("one", np.array([9.0, 0.0, 0.0, NAN, NAN]), {0.01: 5.0}), {"name": "one"})
TREE = Against(Rival("a tree", np.array([0.9, 0.1, 0.9, 0.1, 0.1]), {0.05: 0.2, 0.01: 0.5}), {"baseline": "words-tree"})


def counted(*names, ties="human", against=(ONE, TREE)):
    (found,) = count_votes(Votes((names,), ties), OURS, against, point=POINT)
    return found


def test_each_votes_at_its_own_threshold_and_who_abstains_has_no_vote():
    found = counted("detector", "one", "words-tree")
    assert found.rival.name == "vote of detector, one, a tree"
    assert found.rival.scores.tolist() == pytest.approx([1.0, 1 / 3, 1 / 3, 0.5, 0.0])
    assert found.rival.thresholds == {0.01: 0.5}
    expected = {"vote of": ["detector", "one", "a tree"], "ties": "human", "n_tied": 1, "target_fpr": 0.01}
    assert found.source == {"name": "vote of detector, one, a tree", **expected}


@pytest.mark.parametrize(("ties", "flags"), [("human", [1, 0, 0]), ("ai", [1, 1, 0]), ("abstain", [1, NAN, 0])])
def test_a_tie_becomes_what_was_asked_for(ties, flags):
    rival = counted("detector", "one", ties=ties).rival
    said = np.where(np.isnan(rival.scores), NAN, rival.scores > rival.thresholds[0.01])
    assert said[:3].tolist() == pytest.approx(flags, nan_ok=True)


def test_who_has_no_threshold_cannot_vote_and_is_named():
    other = Against(Rival("zero-shot entropy", OURS, {0.05: 0.0}), {"zero-shot": "entropy"})
    with pytest.raises(ConfigError, match=r"zero-shot entropy cannot vote: it has no threshold set for 1% .*has: 5%"):
        counted("detector", "entropy", against=(other,))


def test_who_is_not_in_the_report_is_answered_with_who_is():
    with pytest.raises(ConfigError, match="--vote names two, but the detectors .* are detector, one, words-tree"):
        counted("one", "two")


@pytest.mark.parametrize("names", [("one",), ("one", "one"), ()])
def test_a_vote_needs_several(names):
    with pytest.raises(ConfigError, match="is no vote of several"):
        Votes((names,))


def test_an_unknown_rule_for_ties_is_refused():
    with pytest.raises(ConfigError, match="'first'. Expected one of human, ai, abstain"):
        Votes((), "first")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_detector(tmp_path_factory.mktemp("made"))


def rows(path, *, seed, n=20, labels=("human", "ai")):
    texts = [(text, label) for label in labels for text in made_up_texts(n, seed=seed, ai=label == "ai")]
    lines = [{"id": f"{seed}-{i}", "text": text, "label": label} for i, (text, label) in enumerate(texts)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def evaluate(folder, model, *more):
    test, train = rows(folder / "test.jsonl", seed=7), rows(folder / "train.jsonl", seed=11)
    arguments = ["--data", test, "--model", model, "--output", folder / "report", "--quiet", "--draws", 50]
    baselines = ["--baseline", "words-tree", "--baseline", "style-logistic", "--baseline-train", train]
    return run(["evaluate", *map(str, [*arguments, *baselines, *more])])


def test_a_report_holds_the_vote_with_its_error_rates(model, tmp_path, capsys):
    human = rows(tmp_path / "human.jsonl", seed=21, n=N_HUMAN, labels=("human",))
    with human.open("a") as file, (rows(tmp_path / "test.jsonl", seed=7)).open() as test:
        file.write(json.dumps(json.loads(next(test)) | {"id": "again"}) + "\n")
    votes = ("--vote", "detector,words-tree, style-logistic", "--vote", "detector,words-tree", "--ties", "abstain")
    assert evaluate(tmp_path, model, "--human-calibration", human, *votes) == DONE
    assert "Left out: 1 of 321 texts of --human-calibration, which are in the test" in capsys.readouterr().err
    report = Report.load(tmp_path / "report" / "report.json")
    *_, three, two = report.comparisons
    assert three.name == "vote of detector, 400 words + decision tree, stylometry + logistic regression"
    assert [point.target_fpr for point in three.decisions] == [0.01]
    assert three.decisions[0].fpr.n == 20
    *_, said = report.provenance["other detectors"]
    assert (said["ties"], two.n_unscored) == ("abstain", said["n_tied"])
    assert report.provenance["other detectors"][0]["calibration texts"] == N_HUMAN


def test_a_baseline_without_a_threshold_is_told_how_to_get_one(model, tmp_path, capsys):
    assert evaluate(tmp_path, model, "--vote", "detector,words-tree") == MISUSE
    assert "a baseline or zero-shot score gets one from --human-calibration" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()
