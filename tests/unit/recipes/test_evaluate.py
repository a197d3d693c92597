"""A Report of a small detector on made-up texts."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.detector_fixtures import made_up_texts, make_detector

from tain.core.errors import ConfigError, DataError
from tain.core.example import Corpus, Example
from tain.detector import Detector
from tain.evaluation.schema import Report
from tain.recipes.evaluate import evaluate, scores_of
from tain.recipes.evaluate_files import evaluate_files
from tain.recipes.evaluate_settings import EvaluateSettings
from tain.recipes.rivals import POINTS


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return make_detector(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def detector(folder) -> Detector:
    return Detector.load(folder)


def corpus(n=40, seed=7, low=50):
    examples = []
    for label in ("human", "ai"):
        for i, text in enumerate(made_up_texts(n, seed=seed, ai=label == "ai", low=low)):
            generator = None if label == "human" else ("gpt-4", "claude")[i % 2]
            date = ("2019-05-01", "2023-01-01")[i % 2]
            place = {"domain": ("news", "essay")[i % 2], "generator": generator, "date": date, "source": "made"}
            examples.append(Example(id=f"{label}{i}", text=text, label=label, group=f"g{i}", **place))
    return Corpus(tuple(examples))


@pytest.fixture
def rows(tmp_path) -> Path:
    path = tmp_path / "rows.jsonl"
    lines = [
        {"id": e.id, "text": e.text, "label": e.label, "group": e.group, "attack": ("none", "typo")[i % 2]}
        for i, e in enumerate(corpus())
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_folder_holds_everything_and_the_report_reads_back(detector, tmp_path):
    report = evaluate(detector, corpus(), output=tmp_path / "out", n_draws=50, is_quiet=True)
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert names == {"report.json", "report.html", "scores.parquet", "card.md"}
    assert Report.load(tmp_path / "out" / "report.json") == report
    card = (tmp_path / "out" / "card.md").read_text()
    assert "all texts of the test" in card
    assert card.startswith("---\n")
    stored = json.loads(pl.read_parquet_metadata(tmp_path / "out" / "scores.parquet")[POINTS])
    points = detector.calibration.record.points
    assert {float(target): value for target, value in stored.items()} == {p.target_fpr: p.threshold for p in points}


def test_properties_of_the_texts_become_slices(detector):
    report = evaluate(detector, corpus(), trained_on=["GPT 4"], n_draws=50, is_quiet=True)
    names = [table.name for table in report.slices]
    assert names == ["length", "domain", "generator", "year", "era", "generators of the training"]
    seen = report.slices[-1]
    assert {row.value: row.n_ai for row in seen.rows} == {"seen in training": 20, "not seen in training": 20}
    assert seen.n_unknown == 40


def test_the_worst_mistakes_have_their_windows_and_can_be_left_out(detector):
    given = corpus()
    report = evaluate(detector, given, n_draws=50, is_quiet=True)
    worst, texts = report.worst, {example.id: example.text for example in given}
    for found in (*worst.false_positives, *worst.misses):
        assert found.text == texts[found.id]
        assert found.windows
        assert found.windows[0].start == 0
        assert found.properties["source"] == "made"
    assert [text.score for text in worst.misses] == sorted(text.score for text in worst.misses)
    assert worst.n_misses == report.default_point.rates.fnr.k
    assert worst.n_false_positives == report.default_point.rates.fpr.k
    assert evaluate(detector, given, has_texts=False, n_draws=50, is_quiet=True).worst is None


def test_texts_of_the_calibration_are_noticed_and_new_ones_are_not(detector):
    known = made_up_texts(320, seed=1)
    same = Corpus(tuple(Example(id=str(i), text=text, label="human") for i, text in enumerate(known[:60])))
    assert (
        "was calibrated on texts of this test" in evaluate(detector, same, n_draws=50, is_quiet=True).drift.warnings[0]
    )
    fresh = evaluate(detector, corpus(), n_draws=50, is_quiet=True).drift
    assert [(shift.what, shift.of) for shift in fresh.shifts] == [
        ("score", "human texts"),
        ("length", "human texts"),
        ("score", "AI texts"),
    ]
    assert not any("calibrated on texts of this test" in warning for warning in fresh.warnings)


def test_texts_that_the_detector_was_made_from_are_noticed(detector):
    known = made_up_texts(320, seed=1)[:3]
    examples = [Example(id=f"k{i}", text=text.upper(), label="human") for i, text in enumerate(known)]
    given = Corpus((*examples, *corpus(10).examples))
    report = evaluate(detector, given, n_draws=50, is_quiet=True)
    assert report.warnings == (
        "3 of 23 texts were used to make this detector (3 from its calibration; not known for its training texts, "
        "whose hashes were not saved). They are in the numbers all the same, which say then how well it remembers.",
    )
    assert (report.seen.n_seen, report.seen.n_training, report.seen.is_kept) == (3, None, True)
    assert evaluate(detector, corpus(10), n_draws=50, is_quiet=True).warnings == ()


def test_other_texts_than_those_of_the_calibration_are_warned_of(detector):
    human = (replace(e, text=" ".join([e.text] * 4)) for e in corpus() if e.label == "human")
    report = evaluate(detector, Corpus(tuple(human)), n_draws=50, is_quiet=True)
    assert any("are longer than those of the calibration" in warning for warning in report.drift.warnings)


def test_provenance_names_detector_data_versions(detector, folder, rows):
    report = evaluate_files([str(rows)], model=folder, output=rows.parent / "out", settings=quick())
    assert report.provenance["data"] == [{"file": str(rows), "sha256": report.provenance["data"][0]["sha256"]}]
    assert report.provenance["detector sha256"] == detector.model.sha256
    assert {"torch", "numpy", "peft"} <= set(report.provenance["versions"])
    assert [table.name for table in report.slices][-1] == "attack"


def quick(**changes):
    return EvaluateSettings(n_draws=50, is_quiet=True, force=True, **changes)


def test_another_detector_is_compared_by_its_scores_or_its_folder(detector, folder, rows):
    output = rows.parent / "out"
    first = evaluate_files([str(rows)], model=folder, output=output, settings=quick())
    told = []
    part = pl.read_parquet(output / "scores.parquet").head(70)
    part.write_parquet(rows.parent / "part.parquet", metadata=pl.read_parquet_metadata(output / "scores.parquet"))
    settings = quick(against=(folder, rows.parent / "part.parquet"))
    report = evaluate_files(
        [str(rows)], model=folder, output=rows.parent / "second", settings=settings, tell=told.append
    )
    itself, shorter = report.comparisons
    assert itself.auroc_difference.value == 0.0
    assert itself.p_auroc == 1.0
    assert [point.target_fpr for point in itself.decisions] == [
        p.target_fpr for p in detector.calibration.record.points
    ]
    assert all(test.p_value == 1.0 for point in itself.decisions for test in point.tests)
    assert shorter.n_unscored == 10
    assert shorter.decisions[0].tests[2].n == 70
    assert told == ["part has no row for 10 of 80 texts, such as ai30, ai31, ai32; it is compared on the others."]
    others = report.provenance["other detectors"]
    assert others[1]["texts without a row"] == 10
    assert report.ranking == first.ranking


def test_labels_that_the_detector_does_not_know_are_refused(folder, rows):
    settings = quick(label_map=("human=spam", "ai=ham"))
    with pytest.raises(ConfigError, match="--label-map leads to spam, ham, but the model knows human, ai"):
        evaluate_files([str(rows)], model=folder, output=rows.parent / "out", settings=settings)


def test_nothing_is_written_when_the_data_will_not_do(folder, rows):
    rows.write_text('{"text": "a", "label": "cyborg"}\n')
    with pytest.raises(DataError, match="the label 'cyborg'"):
        evaluate_files([str(rows)], model=folder, output=rows.parent / "out", settings=quick())
    assert not (rows.parent / "out").exists()


def test_abstentions_have_no_score(detector):
    short = Corpus((Example(id="s", text="too short", label="human"), *corpus(4).examples))
    assert np.isnan(scores_of(detector.score(short.texts))[0])
    report = evaluate(detector, short, n_draws=50, is_quiet=True)
    assert report.counts.coverage_human.k == 4
