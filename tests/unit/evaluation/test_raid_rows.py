import math

import pytest

from tain.core.errors import DataError, MetricError
from tain.evaluation.attacked_rows import attack_name
from tain.evaluation.raid_rows import RaidRow, as_row_scores, human_evidence, raid_row

GOOD = {"id": "a1", "model": "gpt4", "domain": "news", "attack": "none", "source_id": "s1", "generation": "text"}


def test_a_row_keeps_who_wrote_it_where_and_under_which_attack():
    assert raid_row(GOOD, where="x.csv:2") == RaidRow("a1", "gpt4", "news", "none", "s1")
    assert not raid_row(GOOD, where="x.csv:2").is_human
    assert raid_row(GOOD | {"model": "Human"}, where="x.csv:2").is_human


@pytest.mark.parametrize("column", ["id", "model", "domain"])
@pytest.mark.parametrize("value", [None, "", "  ", math.nan])
def test_a_row_that_does_not_say_is_refused(column, value):
    with pytest.raises(DataError, match=rf"x\.csv:2: {column}: is .*; expected a name\."):
        raid_row(GOOD | {column: value}, where="x.csv:2")


def test_rows_need_no_attack_and_no_source():
    assert raid_row({"id": 1, "model": "human", "domain": "wiki"}, where="x") == RaidRow("1", "human", "wiki")


@pytest.mark.parametrize("value", ["none", "None", None, "", math.nan, "null"])
def test_all_ways_to_write_unattacked(value):
    assert attack_name(value) == "none"


def test_attacks_keep_their_name():
    assert attack_name("Zero_Width_Space ") == "zero_width_space"


def test_paraphrased_human_texts_are_no_evidence_unless_asked_for():
    rows = [RaidRow("a", "human", "d"), RaidRow("b", "human", "d", "paraphrase"), RaidRow("c", "gpt4", "d")]
    assert human_evidence(rows).tolist() == [True, False, False]
    assert human_evidence(rows, with_paraphrased=True).tolist() == [True, True, False]


def test_scores_fit_rows():
    rows = [RaidRow("a", "human", "d"), RaidRow("b", "human", "d")]
    assert as_row_scores([1.0, None], rows)[0] == 1
    assert math.isnan(as_row_scores([1.0, None], rows)[1])
    with pytest.raises(MetricError, match="There are 1 scores, 0 of them infinite, for 2 rows"):
        as_row_scores([1.0], rows)
    with pytest.raises(MetricError, match="1 of them infinite"):
        as_row_scores([1.0, math.inf], rows)
