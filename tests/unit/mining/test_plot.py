"""The plot says what was measured."""

import xml.etree.ElementTree as ET

from tain.evaluation.intervals import rate
from tain.mining.plot import RoundPoint, plot_rounds, save_plot


def points(*counts):
    return [
        RoundPoint(i, rate(k, 200, of="texts"), rate(90 + i, 100, of="texts"), is_kept=i != 1)
        for i, k in enumerate(counts)
    ]


def test_it_is_svg_names_both_arms_and_is_the_same_each_time(tmp_path):
    arms = {"hardest": points(9, 9, 1), "random": points(9, 8, 7)}
    save_plot(tmp_path / "rounds.svg", arms)
    text = (tmp_path / "rounds.svg").read_text()
    assert ET.fromstring(text).tag.endswith("svg")
    assert "hardest" in text and "random" in text and "round (hollow: reverted)" in text
    assert text == plot_rounds(arms)


def test_a_round_without_a_rate_is_left_out():
    assert plot_rounds({"hardest": [RoundPoint(0, rate(0, 0, of="texts"), rate(1, 2, of="texts"))]})
