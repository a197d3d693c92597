import numpy as np
import pytest
from scipy.stats import binomtest

from tain.core.errors import MetricError
from tain.evaluation.paired import EXACT_BELOW, mcnemar, sign_flip_p


def decisions(both, first, second, neither):
    right = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [both, first, second, neither], axis=0).astype(bool)
    return right[:, 0], right[:, 1]


def test_few_discordant_texts_are_counted_as_the_binomial_test_does():
    found = mcnemar(*decisions(50, 9, 2, 10), of="AI texts")
    assert (found.n, found.n_only_first, found.n_only_second, found.of) == (71, 9, 2, "AI texts")
    assert found.p_value == pytest.approx(binomtest(2, 11).pvalue)
    assert found.is_exact
    assert found.difference.value == pytest.approx(7 / 71)
    assert found.difference.low < 7 / 71 < found.difference.high


def test_many_discordant_texts_give_mcnemars_square():
    found = mcnemar(*decisions(500, 60, 30, 100))
    from scipy.stats import chi2

    assert not found.is_exact
    assert found.p_value == pytest.approx(chi2.sf((60 - 30) ** 2 / 90, 1))
    assert found.difference.low > 0


def test_detectors_that_agree_do_not_differ():
    found = mcnemar(*decisions(30, 0, 0, 5))
    assert (found.p_value, found.difference.value) == (1.0, 0.0)
    assert found.difference.low < 0 < found.difference.high


def test_no_texts_give_a_reason():
    found = mcnemar([], [], of="human texts")
    assert found.p_value is None
    assert found.difference.reason == "There are no human texts."


def test_copies_of_a_text_in_one_group_prove_no_more_than_the_text():
    once = decisions(30, 8, 1, 10)
    groups = np.tile(np.arange(49), 5)
    copied = mcnemar(*(np.tile(each, 5) for each in once), groups=groups)
    assert copied.p_value == pytest.approx(mcnemar(*once).p_value)
    single = mcnemar(*(np.tile(each, 5) for each in once))
    assert copied.difference.high - copied.difference.low > 1.5 * (single.difference.high - single.difference.low)


def test_the_counted_p_value_is_that_of_all_sign_patterns():
    balance = np.array([3, -1, 2, 2, -1, 0, 1])
    sizes = np.abs(balance[balance != 0])
    signs = np.array(np.meshgrid(*[[-1, 1]] * sizes.size)).reshape(sizes.size, -1)
    expected = np.mean(np.abs(sizes @ signs) >= abs(balance.sum()))
    assert sign_flip_p(balance) == (pytest.approx(expected), True)
    assert sign_flip_p(np.ones(EXACT_BELOW))[1] is False


def test_unlike_numbers_of_decisions_are_refused():
    with pytest.raises(MetricError, match="decided 1 and 2 texts; expected the same texts"):
        mcnemar([True], [True, False])
    with pytest.raises(MetricError, match=r"Decisions have shape \(1, 1\)"):
        mcnemar([[True]], [True])
