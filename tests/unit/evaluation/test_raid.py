import math

import numpy as np
import pytest

from tain.core.errors import MetricError
from tain.evaluation.raid import ALL, raid_measures
from tain.evaluation.raid_rows import RaidRow


def rows_of(*parts):
    """Rows and scores from (generator, domain, attack, scores)."""
    rows, scores = [], []
    for generator, domain, attack, values in parts:
        rows += [RaidRow(f"r{len(rows) + i}", generator, domain, attack) for i in range(len(values))]
        scores += list(values)
    return scores, rows


def cell(found, domain=ALL, attack=ALL, generator=ALL):
    return next(c for c in found.cells if (c.domain, c.attack, c.generator) == (domain, attack, generator))


TWENTY = [i / 20 for i in range(20)]
WORKED = rows_of(
    ("human", "news", "none", TWENTY),
    ("human", "news", "homoglyph", [0.99] * 5),
    ("human", "wiki", "none", [x / 10 for x in TWENTY]),
    ("gpt4", "news", "none", [0.2, 0.93, 0.96, 0.97]),
    ("gpt4", "wiki", "none", [0.2, 0.3]),
    ("mpt", "news", "homoglyph", [0.1, 0.98]),
)


def test_each_domain_has_a_threshold_of_its_own():
    found = raid_measures(*WORKED, target_fprs=[0.05])
    by_name = {each.domain: each for each in found.thresholds[0.05]}
    assert by_name["news"].exact == 0.9
    assert by_name["wiki"].exact == pytest.approx(0.09)
    assert by_name["news"].exact_fpr.k == by_name["news"].walk_fpr.k == 1
    assert found.missed == ()


def test_the_shares_found_worked_by_hand():
    found = raid_measures(*WORKED)
    shares = {
        (): (6, 8),
        (("attack", "none"),): (5, 6),
        (("domain", "news"),): (4, 6),
        (("domain", "wiki"),): (2, 2),
        (("attack", "homoglyph"),): (1, 2),
        (("generator", "gpt4"),): (5, 6),
    }
    for where, (k, n) in shares.items():
        here = cell(found, **dict(where))
        assert (here.tpr[0.05].k, here.tpr[0.05].n) == (k, n)
        assert (here.leaderboard_tpr[0.05].k, here.leaderboard_tpr[0.05].n) == (k, n)


def test_the_area_is_taken_against_clean_and_against_all_human_texts():
    news = cell(raid_measures(*WORKED), domain="news")
    ai = [0.2, 0.93, 0.96, 0.97, 0.1, 0.98]
    clean = np.mean([(a > h) + (a == h) / 2 for a in ai for h in TWENTY])
    either = np.mean([(a > h) + (a == h) / 2 for a in ai for h in TWENTY + [0.99] * 5])
    assert news.auroc.value == pytest.approx(clean)
    assert news.leaderboard_auroc.value == pytest.approx(either)
    assert news.auroc.low < news.auroc.value < news.auroc.high


def test_a_domain_that_misses_takes_the_aggregate_with_it_and_is_named():
    scores, rows = WORKED
    tied = [1.0 if row.is_human and row.domain == "wiki" else score for score, row in zip(scores, rows, strict=True)]
    found = raid_measures(tied, rows)
    printed = cell(found).leaderboard_tpr[0.05]
    assert printed.value is None
    assert printed.reason.startswith("wiki: RAID's search ends at a false positive rate of 100.00% instead of 5%")
    assert cell(found, generator="gpt4").leaderboard_tpr[0.05].value is None
    assert cell(found, domain="news").leaderboard_tpr[0.05].value == 4 / 6
    assert cell(found).tpr[0.05].k == 4
    assert [each.partition(":")[0] for each in raid_measures(tied, rows, target_fprs=[0.05]).missed] == ["wiki"]


def test_a_miss_in_a_domain_without_ai_texts_takes_nothing_with_it():
    scores, rows = WORKED
    more, tied = [*rows, *(RaidRow(f"t{i}", "human", "poetry") for i in range(9))], [*scores, *[0.75] * 9]
    found = raid_measures(tied, more, target_fprs=[0.05])
    assert [each.partition(":")[0] for each in found.missed] == ["poetry"]
    assert cell(found).leaderboard_tpr[0.05].value == 6 / 8


def test_a_text_without_a_score_empties_its_parts_of_the_leaderboard_only():
    scores, rows = WORKED
    missing = [None if row.domain == "news" and not row.is_human else x for x, row in zip(scores, rows, strict=True)]
    missing[next(i for i, row in enumerate(rows) if row.generator == "gpt4")] = 0.95
    found = raid_measures(missing, rows)
    news = cell(found, domain="news")
    assert news.leaderboard_tpr[0.05].reason == "5 of 6 AI texts without a score; RAID drops an incomplete part."
    assert news.leaderboard_auroc.reason == news.leaderboard_tpr[0.05].reason
    assert (news.tpr[0.05].k, news.tpr[0.05].n) == (1, 1)
    assert (news.coverage.k, news.coverage.n) == (1, 6)
    assert cell(found, domain="wiki").leaderboard_tpr[0.05].value == 1


def test_a_human_text_without_a_score_empties_its_domain():
    scores, rows = WORKED
    found = raid_measures([math.nan, *scores[1:]], rows)
    assert cell(found, domain="news").leaderboard_auroc.reason.startswith("1 of 25 human texts without a score")
    assert cell(found, domain="wiki").leaderboard_tpr[0.05].reason is None


def test_a_domain_without_clean_human_texts_is_refused_as_a_whole_by_raid():
    scores, rows = rows_of(
        ("human", "news", "none", TWENTY), ("gpt4", "news", "none", [2.0]), ("gpt4", "wiki", "none", [2.0])
    )
    found = raid_measures(scores, rows)
    for each in found.cells:
        assert each.leaderboard_tpr[0.05].reason.startswith("wiki has no unattacked human text")
    assert cell(found).tpr[0.05].value is None
    assert cell(found, domain="news").tpr[0.05].value == 1


def test_false_positives_are_told_by_attack_without_paraphrases():
    scores, rows = rows_of(
        ("human", "news", "none", TWENTY),
        ("human", "news", "homoglyph", [0.99] * 4 + [0.1]),
        ("human", "news", "paraphrase", [0.99] * 3),
        ("gpt4", "news", "none", [2.0]),
    )
    found = raid_measures(scores, rows)
    assert list(found.human_fpr) == ["none", "homoglyph"]
    assert (found.human_fpr["homoglyph"][0.05].k, found.human_fpr["homoglyph"][0.05].n) == (4, 5)
    assert found.n_paraphrased == 3
    asked = raid_measures(scores, rows, with_paraphrased=True)
    assert asked.human_fpr["paraphrase"][0.05].k == 3
    assert asked.n_paraphrased == 0


def test_people_alone_have_no_measures():
    with pytest.raises(MetricError, match="There are no AI texts among 20 rows"):
        raid_measures(*rows_of(("human", "news", "none", TWENTY)))
