"""Which texts of files and bundles are measured, and what is said of the others."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.detector_fixtures import made_up_texts, make_detector

from tain.cli import DONE, FAILED, MISUSE
from tain.cli.app import run
from tain.core.errors import ConfigError, DataError
from tain.core.example import Corpus, Example
from tain.corpora.columns import ColumnMap
from tain.detector import Detector
from tain.detector.seen import SEEN, UNKNOWN, Seen, write_seen
from tain.evaluation.bundle import load_bundle, write_bundle
from tain.evaluation.openings import open_bundle, read_ledger
from tain.evaluation.overlap import text_hashes
from tain.evaluation.protocol import Protocol
from tain.evaluation.schema import Report
from tain.recipes.evaluate_files import evaluate_files
from tain.recipes.evaluate_settings import EvaluateSettings
from tain.recipes.under_attack import AttackTest

KNOWN = made_up_texts(320, seed=1)  # that make_detector calibrates with
QUICK = EvaluateSettings(n_draws=20, is_quiet=True, force=True)
PROTOCOL = Protocol(
    name="essays",
    target_fprs=(0.05, 0.001),
    default_fpr=0.05,
    pools="source",
    slices=("generator",),
    n_draws=20,
    seed=3,
)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return make_detector(tmp_path_factory.mktemp("made"))


def examples(n=12):
    return [
        Example(f"{label}{i}", text, label, group=f"g{i}", domain="news", source="here", generator=("a", "b")[i % 2])
        for label in ("human", "ai")
        for i, text in enumerate(made_up_texts(n, seed=7, ai=label == "ai", low=60))
    ]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def rows_of(given, **more):
    return [{"id": e.id, "text": e.text, "label": e.label, "group": e.group, **more} for e in given]


def report_of(data, model, folder, settings=QUICK, **more):
    return evaluate_files(data, model=model, output=folder / "report", settings=settings, **more)


def test_texts_that_the_detector_has_seen_are_in_no_number_unless_asked_for(model, tmp_path):
    seen = [{"id": f"k{i}", "text": text.upper(), "label": "human"} for i, text in enumerate(KNOWN[:3])]
    data = [write(tmp_path / "rows.jsonl", [*rows_of(examples()), *seen])]
    report = report_of(data, model, tmp_path)
    assert (report.counts.n, report.seen.n, report.seen.n_seen, report.seen.is_kept) == (24, 27, 3, False)
    assert report.warnings[0].startswith("3 of 27 texts were used to make this detector (3 from its calibration;")
    assert report.warnings[0].endswith("They are left out of every number.")
    kept = report_of(data, model, tmp_path, replace(QUICK, keeps_seen=True))
    assert (kept.counts.n, kept.seen.n_seen, kept.seen.is_kept) == (27, 3, True)
    with pytest.raises(DataError, match=r"All 3 texts were used to make this detector.*--keep-seen"):
        report_of([write(tmp_path / "seen.jsonl", seen)], model, tmp_path)


def test_training_texts_are_told_from_calibration_texts(model, tmp_path):
    given = examples()
    classifier = model.parent / "classifier"
    write_seen(classifier / SEEN, Seen(training=text_hashes(e.text for e in given[:2])))
    try:
        human, ai = KNOWN, made_up_texts(100, seed=2, ai=True)
        Detector.build(classifier, human=human, ai=ai, window_tokens=32).save(tmp_path / "detector")
    finally:
        (classifier / SEEN).unlink()
    report = report_of([write(tmp_path / "rows.jsonl", rows_of(given))], tmp_path / "detector", tmp_path)
    assert report.seen.sentence == "2 from its training and 0 from its calibration"
    assert report.counts.n == 22


def test_a_detector_of_which_nothing_is_known_says_so(tmp_path):
    from tain.evaluation.html import render_html

    replace(Detector.load(None), seen=UNKNOWN).save(tmp_path / "old")
    report = report_of([write(tmp_path / "rows.jsonl", rows_of(examples(3)))], tmp_path / "old", tmp_path)
    assert report.warnings == ()
    assert report.seen.sentence == "not known for its training and calibration texts, whose hashes were not saved"
    assert report.seen.sentence in render_html(report)


def test_rows_that_came_attacked_make_the_table_and_rewritten_people_are_no_people(model, tmp_path):
    given = examples()
    rows = [
        {**row, "id": f"{row['id']}-{attack}", "attack": attack}
        for attack in ("None", "homoglyph", "Paraphrase")
        for row in rows_of(given)
    ]
    data = [write(tmp_path / "rows.jsonl", rows)]
    report = report_of(data, model, tmp_path)
    assert {row.attack: (row.n_human, row.n_ai) for row in report.attacks} == {
        "none": (12, 12),
        "homoglyph": (12, 12),
        "paraphrase": (0, 12),
    }
    assert report.left_out == {"human texts that a language model rewrote": 12}
    assert report.warnings == ("Left out: 12 human texts that a language model rewrote.",)
    assert report.counts.n_human == 24
    with pytest.raises(ConfigError, match=r"attacked already \(homoglyph, none, paraphrase\)"):
        report_of(data, model, tmp_path, replace(QUICK, attacks=AttackTest(("local",))))


def test_rewritten_people_are_left_out_where_nothing_else_is_in_the_file(model, tmp_path):
    report = report_of([write(tmp_path / "rows.jsonl", rows_of(examples(), attack="paraphrase"))], model, tmp_path)
    assert (report.counts.n_human, report.counts.n_ai) == (0, 12)


def test_a_bundle_is_measured_by_its_protocol_and_counts_who_opens_it(model, tmp_path):
    corpus = Corpus((*examples(), Example("short", " ".join(["w1"] * 55), "ai")))
    strict = PROTOCOL.model_copy(update={"min_words": 56})
    bundle = write_bundle(tmp_path / "essays", corpus, strict, more_slices={"topic": ["x", "y"] * 12 + ["x"]})
    told = []
    report = report_of([str(bundle.path)], model, tmp_path, EvaluateSettings(is_quiet=True), tell=told.append)
    assert [result.point.target_fpr for result in report.operating_points] == [0.05]
    assert report.default_point.point.target_fpr == report.operating_points[0].point.target_fpr
    assert (report.n_draws, report.seed) == (20, 3)
    assert [table.name for table in report.slices] == ["length", "generator", "topic"]
    assert [row.pool for row in report.human_pools] == ["here"]
    assert report.left_out == {"texts with fewer words than the protocol asks for": 1}
    assert any("set for 0.1%, which the detector does not store" in warning for warning in report.warnings)
    assert report.provenance["bundle sha256"] == bundle.sha256
    assert report.provenance["bundle opened"] == "opened once by this detector, once in all"
    assert told == ["essays: opened once by this detector, once in all."]
    assert report.worst.threshold == report.operating_points[0].point.threshold
    (entry,) = read_ledger(bundle)
    assert entry.detector_sha256 == Detector.load(model).model.sha256


def test_opening_again_is_said_first_and_other_detectors_open_too(model, tmp_path):
    bundle = write_bundle(tmp_path / "essays", Corpus(tuple(examples())), PROTOCOL)
    open_bundle(bundle, detector_sha256="another", run_name="another")
    arguments = [
        "evaluate",
        "--data",
        bundle.path,
        "--model",
        model,
        "--output",
        tmp_path / "out",
        "--quiet",
        "--force",
    ]
    for _ in range(2):
        assert run(list(map(str, arguments))) == DONE
    report = Report.load(tmp_path / "out" / "report.json")
    assert report.provenance["bundle opened"] == "opened 2 times by this detector, 3 times in all"
    assert report.warnings[0].startswith("essays was opened 2 times by this detector. Report the first result")
    assert run([*map(str, arguments), "--against", str(model)]) == DONE
    assert len(read_ledger(bundle)) == 5


@pytest.mark.parametrize(
    ("change", "flag"),
    [({"pools": "source"}, "--pools"), ({"seed": 1}, "--seed"), ({"columns": ColumnMap(text="t")}, "A column")],
)
def test_what_the_protocol_settles_is_not_asked_again(model, tmp_path, change, flag):
    bundle = write_bundle(tmp_path / "essays", Corpus(tuple(examples())), PROTOCOL)
    settings = EvaluateSettings(is_quiet=True, **change)
    with pytest.raises(ConfigError, match=f"{flag} is given, but the bundle .* has that settled already"):
        report_of([str(bundle.path)], model, tmp_path, settings)
    assert read_ledger(load_bundle(bundle.path)) == ()


def test_a_bundle_stands_alone_and_whole_and_has_points_to_report(model, tmp_path, capsys):
    bundle = write_bundle(tmp_path / "essays", Corpus(tuple(examples())), PROTOCOL)
    other = write(tmp_path / "rows.jsonl", rows_of(examples()))
    command = ["evaluate", "--model", str(model), "--output", str(tmp_path / "out"), "--quiet"]
    assert run([*command, "--data", str(bundle.path), other]) == MISUSE
    assert "A bundle is a test of its own" in capsys.readouterr().err
    with (bundle.path / "data.parquet").open("ab") as file:
        file.write(b"x")
    assert run([*command, "--data", str(bundle.path)]) == FAILED
    assert "data.parquet was changed" in capsys.readouterr().err
    strict = write_bundle(tmp_path / "strict", Corpus(tuple(examples())), Protocol(name="s", target_fprs=(0.001,)))
    assert run([*command, "--data", str(strict.path)]) == MISUSE
    assert "s is measured at operating points set for 0.1%, but the detector stores those" in capsys.readouterr().err


def test_settings_are_those_of_a_reader_who_says_nothing():
    assert not EvaluateSettings().attacks
    with pytest.raises(ConfigError, match="'homoglif' is not an attack"):
        AttackTest(("homoglif",))
