"""Rates at one true positive rate, for every domain, and how they are shown."""

from typing import ClassVar

import numpy as np
import pytest

from tain.core.example import Example
from tain.mining.decision import FixedScores
from tain.recipes.mine.arms import Contender
from tain.recipes.mine.measuring import Measured, domains_of
from tain.recipes.mine.summary import markdown, points, result_of, shown

HUMANS = [Example(f"t{i}", "text", domain="news" if i % 2 else None) for i in range(8)]


class Texts:
    held: ClassVar = {"control": HUMANS, "measurement": HUMANS[:4]}
    guard: ClassVar = []


class GuardedTexts(Texts):
    guard: ClassVar = [Example("g0", "text", domain="essay"), Example("g1", "text", domain="essay")]


def measured(shift=0.0, guard=()):
    control = np.array([9, 1, 8, 1, 1, 7, 1, 1.0]) - shift
    return Measured(FixedScores(control, np.arange(10.0), 4.5, np.array(guard)), control[:4])


def test_rates_are_at_the_threshold_that_finds_as_many():
    assert measured().fpr("control", n_found=5).k == 3
    assert measured().fpr("control", n_found=2).k == 2
    assert measured(2.5).fpr("control", n_found=5).k == 2
    assert measured().flagged("measurement").k == 2
    assert measured().fpr("control", n_found=0).value is None
    assert measured().tpr.value == 0.5
    assert measured().auroc == pytest.approx(0.5875, abs=0.05)


def test_domains_are_counted_apart():
    domains = domains_of(HUMANS)
    assert sorted(domains) == ["news", "no domain"]
    assert measured().fpr("control", n_found=5, of=domains["news"]).k == 1
    assert measured().fpr("control", n_found=5, of=domains["no domain"]).n == 4


def results():
    arms = (("hardest", 0, True, 0.0), ("hardest", 1, True, 4.0), ("random", 1, False, 1.0), ("hardest", 2, False, 0.0))
    return [
        result_of(Contender(number, None, measured(shift)), arm=arm, is_kept=is_kept, n_found=5, texts=Texts())
        for arm, number, is_kept, shift in arms
    ]


def test_the_table_has_every_round_and_every_domain_before_and_after():
    table = markdown(results(), target_fpr=0.01)
    assert "at the true positive rate of round 0, 50.00% (5/10;" in table
    assert "| TPR at 1% |" in table
    lines = table.splitlines()
    assert [line.split(" | ")[-1] for line in lines if line.startswith(("| 0", "| 1", "| 2"))] == [
        "before |", "kept |", " |", "reverted |",
    ]  # fmt: skip
    assert "| part | domain | before | after | random, round 1 |" in lines
    row = next(line for line in lines if line.startswith("| control | no domain"))
    assert "50.00% (2/4" in row and "25.00% (1/4" in row


def test_guard_texts_have_a_column_and_a_row_for_each_domain():
    contender = Contender(0, None, measured(guard=[9.0, 1.0]))
    table = markdown(
        [result_of(contender, arm="hardest", is_kept=True, n_found=5, texts=GuardedTexts())], target_fpr=0.01
    )
    assert "| control | measurement | guard | TPR" in table
    assert "| guard | essay | 50.00% (1/2" in table
    assert "guard" not in markdown(results(), target_fpr=0.01)


def test_the_plot_draws_reverted_rounds_hollow_and_the_random_arm_solid():
    found = points(results())
    assert [point.is_kept for point in found["hardest"]] == [True, True, False]
    assert [point.is_kept for point in found["random"]] == [True]
    assert shown(measured().fpr("control", n_found=0)) == "-"
