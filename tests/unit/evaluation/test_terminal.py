import io

from rich.console import Console

from tain.evaluation.report import evaluate_scores
from tain.evaluation.terminal import render_terminal
from tain.evaluation.wording import EVIDENCE

from .made_reports import class_report, full_report, texts


def printed(report):
    file = io.StringIO()
    Console(file=file, width=140).print(render_terminal(report))
    return file.getvalue()


def test_every_part_of_the_report_is_printed():
    text = printed(full_report())
    for title in (
        "Ranking",
        "Stored operating points",
        "Other detectors",
        "False positives set for 1%",
        "By generator",
        "Measures at these points",
        "Decisions beside surface features",
        "Under attack",
        "As PAN's shared task counts",
        "Before you believe a flag: Human texts here score higher",
    ):
        assert title in text
    assert "784 of 800" in text
    assert "few texts" in text
    assert text.rstrip().endswith(EVIDENCE)


def test_without_operating_points_their_tables_are_left_out():
    text = printed(full_report(operating_points=()))
    assert "Stored operating points" not in text
    assert "Calibrate it first" in text


def test_reasons_stand_beside_what_is_missing():
    text = printed(evaluate_scores([0.0], [0], baseline_scores={"other": [1.0]}, n_draws=2))
    assert "AUROC is not defined: all 1 scored texts are human" in text
    assert "The detector gives no probabilities." in text
    assert "other" in text


def test_names_are_printed_as_they_are():
    scores, is_ai, *_ = texts()
    names = ["[bold]x[/bold]"] * 800
    assert "[bold]x[/bold]" in printed(evaluate_scores(scores, is_ai, slices={"[red]": names}, n_draws=2))


def test_a_report_of_classes_says_what_each_is_taken_for():
    text = printed(class_report())
    for part in ("Macro F1", "Most frequent label", "label <2>", "Mostly taken for", "label <0> ("):
        assert part in text
