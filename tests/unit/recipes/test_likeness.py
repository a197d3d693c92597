"""Whether texts that nobody labelled are like those of the calibration."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.detector_fixtures import made_up_texts, make_detector

from tain.cli import DONE
from tain.cli.app import run
from tain.detector import Detector
from tain.recipes.likeness import DrawnTexts, told


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_detector(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def detector(model):
    return Detector.load(model)


def score(folder, model, texts, *more):
    path = folder / "texts.jsonl"
    path.write_text("".join(json.dumps({"id": f"t{i}", "text": text}) + "\n" for i, text in enumerate(texts)))
    return run(["score", str(path), "--model", str(model), "--quiet", "--force", *more])


def test_scoring_texts_like_those_of_the_calibration_says_so(model, tmp_path, capsys):
    texts = [*made_up_texts(80, seed=51), *made_up_texts(40, seed=52, ai=True)]
    assert score(tmp_path, model, texts, "--json") == DONE
    output = capsys.readouterr()
    shifts = json.loads(output.out)["drift"]["shifts"]
    assert [(shift["what"], shift["n"], shift["level"]) for shift in shifts] == [
        ("score", 120, "none"), ("length", 120, "none"),
    ]  # fmt: skip
    assert output.err == shifts[0]["sentence"] + "\n"
    assert "no sign of drift" in output.err


def test_scoring_texts_unlike_those_of_the_calibration_warns(model, tmp_path, capsys):
    assert score(tmp_path, model, made_up_texts(60, seed=53, low=300, high=400), "--json") == DONE
    output = capsys.readouterr()
    assert "Before you believe it: Texts here are longer than those of the calibration" in output.err
    assert any("longer" in line for line in json.loads(output.out)["drift"]["warnings"])


def test_a_few_texts_are_too_few_to_tell_and_a_finished_run_has_none(model, tmp_path, capsys):
    assert score(tmp_path, model, made_up_texts(3, seed=54)) == DONE
    assert "There are 3 texts here, too few to compare" in capsys.readouterr().err
    assert score(tmp_path, model, ["too short"], "--json") == DONE
    assert json.loads(capsys.readouterr().out)["drift"] == {"shifts": [], "warnings": []}


def test_a_calibration_without_ai_texts_leaves_lengths_to_compare(detector):
    drawn = DrawnTexts()
    drawn.add(detector.score(made_up_texts(40, seed=55)))
    calibration = replace(detector.calibration, ai_scores=np.empty(0, dtype=np.float32))
    assert [shift.what for shift in drawn.drift(calibration).shifts] == ["length"]


def test_of_many_texts_a_fair_draw_is_kept(detector):
    verdict = detector.check(made_up_texts(1, seed=56)[0])
    drawn = DrawnTexts(n_most=100)
    for block in range(20):
        drawn.add([replace(verdict, score=float(block))] * 50)
    kept = drawn._rows[:, 0]
    assert len(kept) == 100
    assert 7 < kept.mean() < 12


def test_nothing_scored_has_nothing_to_say(detector):
    assert told(DrawnTexts().drift(detector.calibration)) == []
