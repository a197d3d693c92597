import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tain.core.errors import MetricError
from tain.evaluation.attacked import attack_table, attack_table_of_rows
from tain.evaluation.attacked_rows import attack_name
from tain.evaluation.thresholds import OperatingPoint

NAN = float("nan")
POINT = OperatingPoint(0.01, 2.0, 1000, 9, 0.016)
LOOSE = OperatingPoint(0.05, 1.0, 1000, 49, 0.06)


def sample(n_human=300, n_ai=100, seed=0):
    rng = np.random.default_rng(seed)
    is_ai = np.array([False] * n_human + [True] * n_ai)
    return rng.normal(size=is_ai.size).round(1) + 3 * is_ai, is_ai


@pytest.mark.parametrize("value", [None, "", " ", "none", "None", "null", "NULL", float("nan"), np.nan, "n/a", "<NA>"])
def test_what_means_no_attack_is_never_read_as_an_attack(value):
    assert attack_name(value) == "none"


@pytest.mark.parametrize("value", ["homoglyph", " homoglyph ", "truncation_50"])
def test_an_attack_keeps_its_name(value):
    assert attack_name(value) == value.strip()


def test_rates_are_counts_over_attacked_texts_at_stored_thresholds():
    clean = [0.0, 3.0, 1.5, 5.0, 4.0, 3.0]
    attacked = [1.2, 2.5, 1.5, 2.0, 2.1, NAN]
    table = attack_table(clean, {"number": attacked}, [0, 0, 0, 1, 1, 1], points=[LOOSE, POINT])
    unattacked, row = table
    assert (unattacked.attack, row.attack) == ("none", "number")
    assert [(each.tpr.k, each.tpr.n, each.fpr.k, each.fpr.n) for each in unattacked.at_points] == [
        (3, 3, 2, 3),
        (3, 3, 1, 3),
    ]
    assert [(each.tpr.k, each.tpr.n, each.fpr.k, each.fpr.n) for each in row.at_points] == [(2, 2, 3, 3), (1, 2, 1, 3)]
    assert (row.n_human, row.n_ai, row.coverage.k, row.coverage.n) == (3, 2, 5, 6)
    assert row.at_points[0].tpr.low < row.at_points[0].tpr.value <= row.at_points[0].tpr.high
    assert row.is_small


def test_fixed_rates_take_their_threshold_from_unattacked_human_texts():
    clean, is_ai = sample()
    attacked = clean + np.where(is_ai, -1.0, 0.7)
    _, row = attack_table(clean, {"synonym": attacked}, is_ai, fixed_fprs=[0.05, 0.01, 0.001])
    human = np.sort(clean[~is_ai])[::-1]
    for each, n_allowed in zip(row.at_fixed_fprs[:2], (15, 3), strict=True):
        assert each.threshold == human[n_allowed]
        assert each.tpr.k == (attacked[is_ai] > each.threshold).sum()
        assert each.fpr.k == (attacked[~is_ai] > each.threshold).sum() > n_allowed
    refused = row.at_fixed_fprs[2]
    assert refused.threshold is refused.tpr.value is refused.fpr.value is None
    assert "cannot support a false positive rate of 0.001" in refused.tpr.reason


def test_auroc_is_taken_against_clean_humans_and_as_raid_takes_it():
    clean, is_ai = sample()
    first, second = clean + 0.5, clean + np.where(is_ai, -2.0, 2.0)
    table = {row.attack: row for row in attack_table(clean, {"a": first, "b": second}, is_ai)}
    human, ai = clean[~is_ai], first[is_ai]
    everyone = np.concatenate([human, first[~is_ai], second[~is_ai]])
    for negatives, found in (
        (human, table["a"].auroc_clean_negatives),
        (everyone, table["a"].auroc_all_negatives),
    ):
        scores = np.concatenate([ai, negatives])
        assert found.value == pytest.approx(roc_auc_score([1] * ai.size + [0] * negatives.size, scores))
        assert found.low < found.value < found.high
    assert table["none"].auroc_all_negatives.value < table["none"].auroc_clean_negatives.value


def test_what_a_model_made_of_a_human_text_is_no_human_text():
    clean, is_ai = sample()
    paraphrased = np.where(is_ai, clean - 1, 9.0)
    with_it = attack_table(clean, {"paraphrase": paraphrased, "number": clean}, is_ai, points=[POINT])
    without = attack_table(clean, {"number": clean}, is_ai, points=[POINT])
    row = next(row for row in with_it if row.attack == "paraphrase")
    assert (row.n_human, row.n_ai, row.coverage.n) == (0, 100, 100)
    assert row.at_points[0].fpr.value is None
    assert "was written by a language model" in row.at_points[0].fpr.reason
    assert with_it[0].auroc_all_negatives == without[0].auroc_all_negatives
    custom = attack_table(clean, {"dipper": paraphrased}, is_ai, points=[POINT], model_written=["dipper"])
    assert custom[1].n_human == 0


def test_rows_that_came_attacked_give_the_table_of_the_same_texts_attacked_here():
    clean, is_ai = sample()
    made = {"number": clean - is_ai, "paraphrase": clean + 1}
    expected = attack_table(clean, made, is_ai, points=[POINT], groups=np.arange(clean.size))
    names = np.repeat(["None", "Number ", "paraphrase"], clean.size).astype(object)
    names[:3] = None, "", NAN
    order = np.random.default_rng(0).permutation(names.size)
    columns = np.concatenate([clean, *made.values()]), names, np.tile(is_ai, 3), np.tile(np.arange(clean.size), 3)
    scores, attacks, flags, groups = (column[order] for column in columns)
    assert attack_table_of_rows(scores, attacks, flags, points=[POINT], groups=groups) == expected


def test_where_every_row_is_attacked_there_is_nothing_to_compare_with_and_no_error():
    none, row = attack_table_of_rows([0.0, 3.0], ["number", "number"], [0, 1], points=[POINT])
    assert (none.attack, none.n_human, none.n_ai, none.is_small) == ("none", 0, 0, True)
    assert (row.attack, row.at_points[0].tpr.k, row.at_points[0].fpr.k) == ("number", 1, 0)
    with pytest.raises(MetricError, match="There are 1 attacks for 2 scores"):
        attack_table_of_rows([0.0, 3.0], ["number"], [0, 1])


def test_the_most_harmful_attack_comes_first_whether_it_hides_ai_or_accuses_people():
    clean, is_ai = sample()
    attacked = {
        "nothing": clean,
        "hides": clean - 1.5 * is_ai,
        "accuses": clean + 9.0 * ~is_ai,
        "helps": clean + is_ai,
    }
    expected = ["none", "accuses", "hides", "nothing", "helps"]
    for points in ([POINT], [LOOSE, POINT], []):
        assert [row.attack for row in attack_table(clean, attacked, is_ai, points=points)] == expected
    rows = attack_table(clean, attacked, is_ai, fixed_fprs=[])
    assert [row.attack for row in rows[:2]] == ["none", "hides"]


def test_groups_widen_the_interval():
    scores, is_ai = sample()
    clean = np.concatenate([scores[~is_ai], np.sort(scores[is_ai])])
    groups = [f"g{i // 10}" for i in range(clean.size)]
    alone, together = (
        attack_table(clean, {"a": clean - 2.5 * is_ai}, is_ai, points=[POINT], groups=each)[1].at_points[0].tpr
        for each in (None, groups)
    )
    assert (alone.k, alone.n) == (together.k, together.n)
    assert together.low < alone.low < alone.high < together.high


def test_one_class_gives_a_reason_and_no_number():
    unattacked, row = attack_table([1.0, 2.0], {"a": [0.0, 3.0]}, [1, 1], points=[POINT])
    assert "all 2 scored texts are ai" in row.auroc_clean_negatives.reason
    assert row.at_points[0].fpr.reason == "There are no human texts."
    assert unattacked.at_points[0].tpr.value == 0.0


@pytest.mark.parametrize("names", [("none",), ("",), ("null", "a"), ("a", " a")])
def test_unattacked_scores_are_no_attack_and_no_attack_comes_twice(names):
    with pytest.raises(MetricError, match="Scores of unattacked texts are the clean_scores"):
        attack_table([0.0, 1.0], {name: [0.0, 1.0] for name in names}, [0, 1])


@pytest.mark.parametrize("scores", [[0.0], [[0.0, 1.0]], [0.0, float("inf")]])
def test_scores_that_do_not_fit_are_named(scores):
    with pytest.raises(MetricError, match="scores 'number' have shape"):
        attack_table([0.0, 1.0], {"number": scores}, [0, 1])


def test_a_row_goes_through_json_and_back():
    clean, is_ai = sample()
    row = attack_table(clean, {"a": clean}, is_ai, points=[POINT])[1]
    assert type(row).model_validate_json(row.model_dump_json()) == row
