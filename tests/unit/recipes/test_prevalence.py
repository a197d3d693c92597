"""The AI share of a corpus, from its scores and a Report."""

import json

import numpy as np
import polars as pl
import pytest
from tests.unit.evaluation.made_reports import class_report, full_report

from tain.cli import DONE, MISUSE
from tain.cli.app import run
from tain.core.errors import ConfigError, DataError
from tain.core.files import sha256_of
from tain.evaluation.prevalence import prevalence
from tain.recipes.prevalence import estimate_prevalence
from tain.recipes.score_output import made_by_file


@pytest.fixture
def report(tmp_path):
    made = full_report(provenance={"detector sha256": "d1"})
    made.save(tmp_path / "report.json")
    return made


def scores(path, values, *, model="d1", n_words=None):
    rows = [
        {
            "id": str(i),
            "score": None if np.isnan(x) else x,
            "probability": None,
            "label": "too_short" if np.isnan(x) else "ai",
            "n_words": n_words,
        }
        for i, x in enumerate(values)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    made_by_file(path).write_text(json.dumps({"made_by": {"model": model}, "sha256": sha256_of(path)}))
    return path


def mixed(n=400, share=0.3, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=n) + 2.5 * (rng.random(n) < share)


def test_flags_above_the_reports_threshold_are_corrected_by_its_rates(report, tmp_path):
    values = mixed()
    found = estimate_prevalence(scores(tmp_path / "s.jsonl", [*values, np.nan]), report=tmp_path)
    point = report.default_point
    rates = point.rates
    expected = prevalence(
        int((values > point.point.threshold).sum()),
        400,
        false_positives=(rates.fpr.k, rates.fpr.n),
        true_positives=(rates.recall.k, rates.recall.n),
    )
    assert found.found == expected
    assert expected.flagged.value < expected.value
    assert expected.low < 0.3 < expected.high
    assert found.n_too_short == 1
    assert found.warnings[0] == "1 of 401 texts were too short, and are in no number."


def test_the_label_in_the_file_does_not_matter_but_the_operating_point_does(report, tmp_path):
    file = scores(tmp_path / "s.jsonl", mixed())
    strict, loose = (
        estimate_prevalence(file, report=tmp_path / "report.json", target_fpr=each.point.target_fpr)
        for each in (report.operating_points[-1], report.operating_points[0])
    )
    assert strict.found.flagged.k != loose.found.flagged.k
    with pytest.raises(ConfigError, match=r"no operating point for --fpr 0\.3\. It has: "):
        estimate_prevalence(file, report=tmp_path, target_fpr=0.3)


def test_error_rates_of_one_detector_correct_no_other(report, tmp_path):
    file = scores(tmp_path / "s.jsonl", mixed(), model="d2")
    with pytest.raises(ConfigError, match=r"was scored by another detector \(d2\) than .* is of \(d1\)"):
        estimate_prevalence(file, report=tmp_path)
    made_by_file(file).unlink()
    assert "not known whether" in estimate_prevalence(file, report=tmp_path).warnings[0]


def test_fewer_flags_than_chance_gives_are_told(report, tmp_path):
    found = estimate_prevalence(scores(tmp_path / "s.jsonl", np.full(4000, -9.0)), report=tmp_path)
    assert (found.found.value, found.found.is_contradicted) == (0, True)
    assert found.warnings[0].startswith("There are fewer flags than the error rates of the Report can give")
    assert found.warnings[-1].startswith("Of the Report: ")


def labelled_scores(folder, *, shift=0.0):
    rng = np.random.default_rng(5)
    human, ai = rng.normal(size=300) + shift, rng.normal(size=300) + 2.5 + shift
    frame = {"label": ["human"] * 300 + ["ai"] * 300, "score": [*human, *ai], "n_words": rng.integers(50, 90, 600)}
    pl.DataFrame(frame).write_parquet(folder / "scores.parquet")


def test_a_corpus_unlike_the_labelled_texts_is_warned_of(report, tmp_path, capsys):
    file = scores(tmp_path / "s.jsonl", mixed())
    assert any("was not looked at: there is no scores.parquet" in each for each in found_warnings(file, tmp_path))
    labelled_scores(tmp_path)
    assert not estimate_prevalence(file, report=tmp_path).drift.warnings
    assert run(["prevalence", str(file), "--report", str(tmp_path)]) == DONE
    assert "of the Report, 27% of them AI: no sign of drift." in capsys.readouterr().err
    labelled_scores(tmp_path, shift=2.0)
    assert any("from the nearest mixture" in each and "strong" in each for each in found_warnings(file, tmp_path))
    assert run(["prevalence", str(file), "--report", str(tmp_path), "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["drift"]["shifts"][0]["level"] == "strong"


def found_warnings(file, folder):
    return estimate_prevalence(file, report=folder).warnings


def test_lengths_unlike_those_of_the_report_are_warned_of(report, tmp_path):
    file = scores(tmp_path / "s.jsonl", mixed(), n_words=400)
    labelled_scores(tmp_path)
    assert any("Texts here are longer than those of the Report" in each for each in found_warnings(file, tmp_path))


def test_a_report_of_classes_has_no_such_rates(tmp_path):
    class_report().save(tmp_path / "report.json")
    with pytest.raises(DataError, match="It is no whole Report"):
        estimate_prevalence(scores(tmp_path / "s.jsonl", mixed()), report=tmp_path)


def test_the_command_says_the_share_its_counts_and_what_must_hold(report, tmp_path, capsys):
    file = scores(tmp_path / "s.jsonl", mixed())
    assert run(["prevalence", str(file), "--report", str(tmp_path)]) == DONE
    output = capsys.readouterr()
    assert output.out.startswith("AI texts: ")
    assert "human texts and" in output.out
    assert "The corpus is like the texts that the two error rates were measured on" in output.out
    assert output.err.startswith("Before you believe it: ")
    assert run(["prevalence", str(file), "--report", str(tmp_path), "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["found"]["assumptions"]
    assert run(["prevalence", str(file), "--report", str(tmp_path), "--fpr", "0.3"]) == MISUSE
