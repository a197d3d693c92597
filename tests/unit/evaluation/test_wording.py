import pytest

from tain.evaluation import wording
from tain.evaluation.intervals import Estimate, rate
from tain.evaluation.report import evaluate_scores
from tain.evaluation.thresholds import OperatingPoint

from .made_reports import full_report


@pytest.mark.parametrize(("share", "text"), [(0.423, "42.3%"), (0.0156, "1.56%"), (0, "0.0%"), (-0.0312, "-3.12%")])
def test_small_rates_keep_two_digits(share, text):
    assert wording.percent(share) == text


def test_targets_are_said_as_people_say_them():
    assert [wording.target(share) for share in (0.05, 0.01, 0.005)] == ["5%", "1%", "0.5%"]


def test_a_rate_is_said_with_its_counts_and_interval():
    found = rate(12, 1204, of="texts")
    assert wording.rate_text(found) == "1.00%"
    assert wording.count_text(found) == "12 of 1,204"
    assert wording.rate_interval(found) == "0.57% to 1.73%"


def test_what_is_missing_is_a_dash_without_an_interval():
    found = rate(0, 0, of="texts")
    assert wording.rate_text(found) == wording.count_text(found) == wording.number_text(Estimate(None)) == "–"
    assert wording.rate_interval(found) == wording.number_interval(Estimate(0.5)) == ""


def test_the_headline_has_counts_for_both_classes():
    text = wording.headline(full_report())
    assert text.startswith("At the operating point set for 1% false positives, ")
    assert "of 384 human texts were called AI" in text
    assert "of 400 AI texts were found" in text


def test_the_headline_of_no_point_says_to_calibrate_and_of_no_text_says_so():
    assert "Calibrate it first" in wording.headline(full_report(operating_points=()))
    point = OperatingPoint(0.01, 0.0, 300, 3, 0.03)
    nothing = evaluate_scores([float("nan")], [0], operating_points=[point], n_draws=2)
    assert wording.headline(nothing).endswith("no text had a score.")


@pytest.mark.parametrize(
    ("n_above", "n", "said"), [(0, 1000, "kept"), (50, 1000, "exceeded"), (1, 100, "not clear"), (0, 0, "–")]
)
def test_whether_the_target_was_kept_is_said_only_when_the_interval_agrees(n_above, n, said):
    scores = [1.0] * n_above + [-1.0] * (n - n_above) + [1.0]
    point = OperatingPoint(0.01, 0.0, 300, 3, 0.03)
    report = evaluate_scores(scores, [0] * n + [1], operating_points=[point], n_draws=2)
    assert wording.achieved(report.operating_points[0]) == said


@pytest.mark.parametrize(("p_value", "said"), [(None, "–"), (0.0, "< 0.0001"), (0.00312, "0.0031"), (1.0, "1")])
def test_no_p_value_is_nought(p_value, said):
    assert wording.p_text(p_value) == said


def test_abstentions_are_said_for_both_classes():
    said = wording.abstentions(full_report().counts)
    assert said == "No score was given to 16 of 400 human texts and 0 of 400 AI texts; they are in none of these rates."
    assert wording.abstentions(evaluate_scores([0.0], [1], n_draws=2).counts) == "Every text got a score."
