"""Texts of a test attacked and scored again."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.detector_fixtures import made_up_texts, make_detector
from tests.unit.evaluation.attacks.fake_endpoint import fake_endpoint

from tain.cli import DONE, MISUSE
from tain.cli.app import run
from tain.core.example import Corpus, Example
from tain.detector import Detector
from tain.evaluation.attacks.suite import attack_all
from tain.evaluation.schema import Report
from tain.recipes.evaluate import scores_of
from tain.recipes.under_attack import Attacker, AttackTest


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return make_detector(tmp_path_factory.mktemp("made"))


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def corpus(n=10):
    return Corpus(
        tuple(
            Example(f"{label}{i}", text, label, group=f"g{i}")
            for label in ("human", "ai")
            for i, text in enumerate(made_up_texts(n, seed=7, ai=label == "ai", low=60))
        )
    )


def test_rows_are_those_of_the_texts_attacked_by_hand(model):
    detector, given = Detector.load(model), corpus()
    points = detector.calibration.record.points
    test = AttackTest(("upper_lower", "truncation_55"), seed=3, n_texts=100)
    scores = scores_of(detector.score(given.texts))
    rows = {row.attack: row for row in Attacker(detector, given, test, is_quiet=True)(scores, points)}
    assert set(rows) == {"none", "upper_lower", "truncation_55"}
    is_ai = np.array([example.label == "ai" for example in given])
    for name, attacked in attack_all(given.texts, test.names, seed=3).items():
        found = scores_of(detector.score([each.text for each in attacked])) > points[0].threshold
        at = rows[name].at_points[0]
        assert (at.tpr.k, at.fpr.k) == (found[is_ai].sum(), found[~is_ai].sum())
    assert rows["none"].at_points[0].tpr.k == (scores[is_ai] > points[0].threshold).sum()


def test_a_sample_is_drawn_by_seed_from_what_has_a_score_and_a_short_text_abstains(model):
    detector, given = Detector.load(model), corpus()
    scores = scores_of(detector.score(given.texts))
    scores[:4] = np.nan
    few = [
        Attacker(detector, given, AttackTest(("truncation_20",), seed=seed, n_texts=5), is_quiet=True)
        for seed in (1, 1, 2)
    ]
    chosen = [attacker._sample(scores).tolist() for attacker in few]
    assert chosen[0] == chosen[1] != chosen[2]
    assert min(chosen[0]) > 3
    row = few[0](scores, ())[1]
    assert (row.coverage.k, row.coverage.n) == (0, 10)


def test_people_are_not_given_to_a_language_model(model, monkeypatch):
    detector, given = Detector.load(model), corpus(4)
    scores = scores_of(detector.score(given.texts))
    with fake_endpoint() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_MODEL", "m")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        row = Attacker(detector, given, AttackTest(("paraphrase",)), is_quiet=True)(scores, ())[1]
    assert (row.n_human, row.n_ai) == (0, 4)


def test_the_report_has_a_row_for_each_and_says_what_was_not_tried(model, tmp_path, capsys):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"id": e.id, "text": e.text, "label": e.label}) + "\n" for e in corpus()))
    command = ["evaluate", "--data", path, "--model", model, "--output", tmp_path / "out", "--quiet", "--draws", 20]
    flags = ["--attacks", "raid,truncation_40", "--attacks", "sentence_splice", "--attack-texts", 2, "--attack-seed", 4]
    assert run(list(map(str, [*command, *flags]))) == DONE
    assert "Under attack, the most harmful first" in capsys.readouterr().out
    report = Report.load(tmp_path / "out" / "report.json")
    assert len(report.attacks) == 1 + 10 + 2
    assert {row.n_human for row in report.attacks if row.coverage.value} == {2}
    tried = report.provenance["attacks"]
    assert (tried["seed"], tried["texts of each class"]) == (4, 2)
    assert tried["not tried, for want of OPENAI_BASE_URL"] == ["paraphrase"]
    assert run(list(map(str, [*command, "--force", "--attacks", "paraphrases"]))) == MISUSE
    assert "Did you mean paraphrase?" in capsys.readouterr().err
