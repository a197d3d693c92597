import xml.etree.ElementTree as ET

import pytest

from tain.evaluation import plots, svg
from tain.evaluation.report import evaluate_scores

from .made_reports import full_report


@pytest.fixture(scope="module")
def report():
    return full_report()


def all_plots(report):
    return [
        plots.histogram(report),
        plots.roc(report),
        plots.low_fpr(report),
        plots.reliability(report),
        plots.slices(report.slices[0]),
        plots.pools(report.human_pools, at=1, target_fpr=0.01),
    ]


def test_every_plot_is_svg_that_stands_alone_in_colours_of_the_page(report):
    for drawn in all_plots(report):
        root = ET.fromstring(drawn)
        assert root.tag.endswith("svg")
        assert root.get("role") == "img"
        assert root.get("aria-label")
        assert root.get("viewBox")
        assert root.get("width") is None
        assert "var(--" in drawn
        assert not any(stand_in in drawn for stand_in in (svg.TEXT, svg.GRID, svg.HUMAN, svg.AI))


def test_the_same_report_draws_the_same_plots(report):
    assert plots.histogram(report) == plots.histogram(report)
    assert plots.slices(report.slices[0]) == plots.slices(report.slices[0])


def test_one_class_has_a_histogram_of_its_own():
    alone = plots.histogram(evaluate_scores([0.0, 1.0], [0, 0], n_draws=2))
    assert "human (2)" in alone
    assert "AI (" not in alone


def test_ids_of_two_plots_do_not_meet(report):
    ids = [{node.get("id") for node in ET.fromstring(drawn).iter("{*}clipPath")} for drawn in all_plots(report)]
    assert sum(map(len, ids)) == len(set.union(*ids))


def test_plots_of_nothing_are_none():
    empty = evaluate_scores([float("nan")], [1], slices={"domain": ["news"]}, n_draws=2)
    assert plots.histogram(empty) is None
    assert plots.roc(empty) is None
    assert plots.low_fpr(empty) is None
    assert plots.reliability(empty) is None
    assert plots.slices(empty.slices[0]) is None
    assert plots.pools((), at=0, target_fpr=0.01) is None


def test_names_are_cut_and_escaped():
    names = ["<script>alert(1)</script>" * 3] * 400 + ["$x_{1$"] * 200 + ["中文 عربي"] * 200
    report = full_report(slices={'a<b"': names})
    drawn = plots.slices(report.slices[0])
    assert "<script" not in drawn
    assert "…" in drawn
    assert "$x_{1$" in drawn
    assert "中文 عربي" in drawn
    assert ET.fromstring(drawn).get("aria-label").endswith('by a<b"')


def test_other_detectors_are_drawn_beside_ours(report):
    drawn = plots.low_fpr(report)
    assert "surface features" in drawn
    assert "surface features" not in plots.roc(report)
