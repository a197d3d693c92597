"""The demo, as a user runs it, with a shorter training."""

import json

import pytest

from tain.cli.app import run
from tain.recipes import demo


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAIN_CACHE", str(folder / "cache"))
        patch.setattr(demo, "SETTINGS", {**demo.SETTINGS, "training.n_epochs": 0.5, "training.n_evaluations": 1})
        assert run(["demo", "--output", str(folder / "demo"), "--quiet"]) == 0
    return folder / "demo"


def test_it_leaves_a_detector_and_a_report_with_the_baseline(shown, capsys):
    report = json.loads((shown / "report" / "report.json").read_text())
    assert report["counts"]["n_human"] == report["counts"]["n_ai"] > 40
    assert "TF-IDF" in json.dumps(report["comparisons"])
    page = (shown / "report" / "report.html").read_text()
    assert "evidence, never a verdict" in page
    text = shown.parent / "one.txt"
    text.write_text(json.loads((shown / "train.jsonl").read_text().splitlines()[0])["text"])
    capsys.readouterr()
    assert run(["check", str(text), "--model", str(shown / "detector"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["name"] == "tain demo"


def test_the_second_time_it_shows_what_is_there(shown, capsys, monkeypatch):
    monkeypatch.setattr(demo, "train", lambda *args, **kwargs: pytest.fail("trained again"))
    assert run(["demo", "--output", str(shown), "--json", "--quiet"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["verdicts"]["human"]["label"] == "human"
    assert said["verdicts"]["ai"]["label"] == "ai"
    assert said["verdicts"]["short"]["label"] == "too_short"


def test_no_pair_is_parted():
    corpora = demo.demo_corpora()
    all_parts = (corpora.train, corpora.valid, corpora.test, corpora.calibration)
    parts = [{example.group for example in part} for part in all_parts]
    assert sum(map(len, parts)) == len(set.union(*parts))
    assert len(corpora.calibration) >= 299
