import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.slices import ScoredTexts, pool_table, slice_table


def texts(scores, is_ai):
    return ScoredTexts(np.array(scores, dtype=float), np.array(is_ai, dtype=bool), np.arange(len(scores)))


def test_the_worst_slice_comes_first_and_small_ones_are_marked():
    good, bad = [0.0] * 60 + [2.0] * 60, [2.0] * 30 + [0.0] * 40
    sample = texts(good + bad, ([0] * 60 + [1] * 60) + ([0] * 30 + [1] * 40))
    table = slice_table("domain", ["good"] * 120 + ["bad"] * 70, texts=sample, threshold=1.0)
    assert [row.value for row in table.rows] == ["bad", "good"]
    assert [row.is_small for row in table.rows] == [True, False]
    assert (table.rows[0].fpr.value, table.rows[0].tpr.value) == (1.0, 0.0)
    assert table.rows[1].auroc.value == 1.0
    assert table.rows[1].auroc_against == "own"


def test_a_slice_of_ai_texts_is_ranked_against_all_human_texts():
    sample = texts([0.0, 1.0, 2.0, 0.5], [0, 0, 1, 1])
    table = slice_table("generator", ["human", "human", "a", "b"], texts=sample, threshold=0.7)
    rows = {row.value: row for row in table.rows}
    assert (rows["a"].auroc.value, rows["a"].auroc_against) == (1.0, "all")
    assert rows["b"].auroc.value == 0.5
    assert rows["b"].fpr.reason == "There are no human texts."
    assert "all 2 scored texts are human" in rows["human"].auroc.reason
    assert rows["human"].fpr.value == 0.5


def test_texts_of_an_unknown_slice_are_counted_and_in_no_row():
    table = slice_table("date", [None, "2019"], texts=texts([0.0, 1.0], [0, 0]), threshold=0.5)
    assert table.n_unknown == 1
    assert [row.n_human for row in table.rows] == [1]


def test_a_slice_without_a_score_says_so_and_comes_last():
    table = slice_table("domain", ["a", "b", "b"], texts=texts([np.nan, 0.0, 1.0], [0, 0, 1]), threshold=0.5)
    last = table.rows[-1]
    assert (last.value, last.coverage.k, last.coverage.n, last.is_small) == ("a", 0, 1, True)
    assert last.auroc.reason.startswith("AUROC is not defined")


def test_without_a_threshold_the_lowest_auroc_comes_first():
    sample = texts([0.0, 1.0, 1.0, 0.0, 5.0], [0, 1, 0, 1, 0])
    table = slice_table("domain", ["a", "a", "b", "b", "c"], texts=sample, threshold=None)
    assert [row.value for row in table.rows] == ["b", "a", "c"]
    assert table.rows[0].fpr.reason == "There is no stored operating point."


def test_pools_hold_human_texts_only_and_the_highest_rate_comes_first():
    sample = texts([2.0, 0.0, 0.0, 0.0, 9.0, np.nan], [0, 0, 0, 0, 1, 0])
    pools = ["legal", "legal", "prose", "prose", "machines", "lost"]
    rows = pool_table(pools, texts=sample, thresholds=[1.0, 3.0], worst_at=0)
    assert [row.pool for row in rows] == ["legal", "prose", "lost"]
    assert [rate.k for rate in rows[0].fprs] == [1, 0]
    assert rows[2].fprs[0].reason == "There are no scored human texts."
    assert rows[2].coverage.value == 0.0


def test_pools_without_an_operating_point_are_listed_by_name():
    rows = pool_table(["b", "a"], texts=texts([0.0, 1.0], [0, 0]), thresholds=[], worst_at=0)
    assert [(row.pool, row.fprs) for row in rows] == [("a", ()), ("b", ())]


def test_a_slice_needs_a_value_per_text():
    with pytest.raises(MetricError, match="'domain' has 1 values, but there are 2 scores"):
        slice_table("domain", ["a"], texts=texts([0.0, 1.0], [0, 1]), threshold=None)
