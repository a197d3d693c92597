import math

import numpy as np
import pytest

from tain.core.errors import ConfigError, MetricError
from tain.evaluation.zero_shot import ZERO_SHOT, TokenStatistics, fast_detectgpt, zero_shot_scores


def statistics_of(q, p, tokens):
    """By the definitions, from whole distributions: q[i] and p[i] foretell token i."""
    log_q = [[math.log(x) for x in row] for row in q]
    expected = [sum(a * b for a, b in zip(row, logs, strict=True)) for row, logs in zip(p, log_q, strict=True)]
    return TokenStatistics(
        log_q=np.array([logs[token] for logs, token in zip(log_q, tokens, strict=True)]),
        rank=np.array([1.0 + sum(x > row[token] for x in row) for row, token in zip(q, tokens, strict=True)]),
        entropy=np.array([-sum(x * math.log(x) for x in row) for row in q]),
        expected=np.array(expected),
        variance=np.array(
            [
                sum(a * (b - mean) ** 2 for a, b in zip(row, logs, strict=True))
                for row, logs, mean in zip(p, log_q, expected, strict=True)
            ]
        ),
    )


LIKELY, UNLIKELY = [0.5, 0.25, 0.25], [0.25, 0.25, 0.5]
TEXT = statistics_of([LIKELY, UNLIKELY], [LIKELY, UNLIKELY], [0, 0])


def test_scores_of_two_tokens_worked_by_hand():
    ln2 = math.log(2)
    scores = {name: score(TEXT) for name, score in ZERO_SHOT.items()}
    assert scores["likelihood"] == pytest.approx(-(ln2 + 2 * ln2) / 2)
    assert scores["log-rank"] == pytest.approx(-ln2 / 2)  # first of three, then second or third of three
    assert scores["entropy"] == pytest.approx(-1.5 * ln2)
    assert scores["lrr"] == pytest.approx(3)
    assert scores["fast-detectgpt"] == pytest.approx(0)  # 3 ln 2 of surprise is what the model's own choices have
    assert scores["binoculars"] == pytest.approx(-1)


def test_a_surprise_beyond_the_models_own_lowers_every_score_of_the_tokens_seen():
    human = statistics_of([LIKELY, LIKELY], [LIKELY, LIKELY], [1, 2])
    ai = statistics_of([LIKELY, LIKELY], [LIKELY, LIKELY], [0, 0])
    for name in ("likelihood", "log-rank", "fast-detectgpt", "binoculars"):
        assert ZERO_SHOT[name](ai) > ZERO_SHOT[name](human), name
    assert fast_detectgpt(ai) == pytest.approx((3 * math.log(2) - 2 * math.log(2)) / (math.log(2) * math.sqrt(0.5)))


def test_a_model_that_is_sure_of_what_comes_has_a_higher_entropy_score():
    sure = statistics_of([[0.98, 0.01, 0.01]], [[0.98, 0.01, 0.01]], [0])
    assert ZERO_SHOT["entropy"](sure) > ZERO_SHOT["entropy"](TEXT)


def test_two_models_are_not_interchangeable():
    one, other = [[0.7, 0.2, 0.1]], [[0.4, 0.4, 0.2]]
    first, second = statistics_of(one, other, [1]), statistics_of(other, one, [1])
    cross = -(0.4 * math.log(0.7) + 0.4 * math.log(0.2) + 0.2 * math.log(0.1))
    assert ZERO_SHOT["binoculars"](first) == pytest.approx(math.log(0.2) / cross)
    assert ZERO_SHOT["binoculars"](second) != pytest.approx(ZERO_SHOT["binoculars"](first))


def test_where_every_token_is_the_likeliest_the_ratio_of_log_rank_has_a_value():
    ai = statistics_of([LIKELY, LIKELY], [LIKELY, LIKELY], [0, 0])
    assert ZERO_SHOT["lrr"](ai) == pytest.approx(2)


def test_what_a_model_cannot_tell_is_no_number():
    uniform = statistics_of([[0.25] * 4] * 3, [[0.25] * 4] * 3, [0, 1, 2])
    scores = zero_shot_scores([uniform])
    assert np.isnan(scores["fast-detectgpt"][0])
    assert scores["binoculars"][0] == pytest.approx(-1)
    certain = TokenStatistics(*(np.zeros(2), np.ones(2), np.zeros(2), np.zeros(2), np.zeros(2)))
    assert np.isnan(zero_shot_scores([certain])["binoculars"][0])


def test_a_text_without_tokens_has_no_score():
    empty = TokenStatistics(*(np.empty(0) for _ in range(5)))
    scores = zero_shot_scores([TEXT, empty], names=["likelihood", "lrr"])
    assert list(scores) == ["likelihood", "lrr"]
    assert [np.isnan(values).tolist() for values in scores.values()] == [[False, True]] * 2


def test_a_longer_text_of_the_same_surprise_has_the_same_means():
    twice = TokenStatistics(
        *(np.tile(getattr(TEXT, name), 2) for name in ("log_q", "rank", "entropy", "expected", "variance"))
    )
    for name in ("likelihood", "log-rank", "entropy", "lrr", "binoculars"):
        assert ZERO_SHOT[name](twice) == pytest.approx(ZERO_SHOT[name](TEXT))


def test_an_unknown_score_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match="no zero-shot score 'binocular'.*Did you mean binoculars"):
        zero_shot_scores([TEXT], names=["binocular"])


def test_statistics_of_different_texts_are_refused():
    with pytest.raises(MetricError, match="one number per token"):
        TokenStatistics(np.zeros(2), np.ones(3), np.zeros(2), np.zeros(2), np.zeros(2))
    with pytest.raises(MetricError, match="A rank is 0.0; the most likely token has rank 1"):
        TokenStatistics(np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1))
