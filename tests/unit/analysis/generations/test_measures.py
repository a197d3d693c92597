"""Measures of what a model writes: counted by hand, and by drawing."""

from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tain.analysis.generations.choices import choices_of
from tain.analysis.generations.diversity import bleu, distinct_n, n_distinct, self_bleu
from tain.analysis.generations.final_answer import final_number, is_exact_match
from tain.analysis.generations.pass_at_k import pass_at_k
from tain.core.errors import DataError, MetricError


@given(st.integers(1, 8), st.data())
def test_pass_at_k_is_the_share_of_draws_with_a_right_one(n, data):
    right, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    draws = list(combinations(range(n), k))
    assert pass_at_k(n, right, k) == pytest.approx(sum(min(draw) < right for draw in draws) / len(draws))


def test_many_tries_do_not_overflow():
    assert pass_at_k(100_000, 1, 100) == pytest.approx(0.001)


@pytest.mark.parametrize(("n", "right", "k"), [(3, 1, 4), (3, 4, 1), (3, -1, 1), (3, 1, 0)])
def test_impossible_counts_are_refused(n, right, k):
    with pytest.raises(MetricError, match="cannot be"):
        pass_at_k(n, right, k)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("48/2 = <<48/2=24>>24 clips\n#### 72", 72),
        ("She pays $1,234.50 in all.", Decimal("1234.5")),
        ("#### -3", -3),
        ("first #### 1, then #### 2.", 2),
        ("no number", None),
        ("", None),
        ("####", None),
    ],
)
def test_the_final_number_is_found(text, number):
    assert final_number(text) == number


def test_an_exact_match_is_of_numbers_or_of_words():
    assert is_exact_match("so it is 72.0", "... #### 72")
    assert not is_exact_match("72 or 73", "#### 72")
    assert is_exact_match(" True ", "true") and not is_exact_match("untrue", "true")


@given(st.text(max_size=60))
def test_any_text_is_read(text):
    assert is_exact_match(text, "#### 5") == (final_number(text) == 5)


def test_choices_stand_at_the_end():
    assert choices_of("Which?\n\nAnswer format: answer1/answer2/answer3") == ("answer1", "answer2", "answer3")
    assert choices_of("Answer Format: a/b\nOption1: x Answer format: true / false ") == ("true", "false")
    for question in ("Which?", "Answer format: one", "Answer format: a/a", "Answer format: a//b", ""):
        with pytest.raises(DataError, match="choices"):
            choices_of(question)


def test_distinct_counts_what_differs():
    assert n_distinct(["a b", " a b ", "c"]) == 2
    assert distinct_n(["a b a", "a b"], 1) == pytest.approx(2 / 5)
    assert distinct_n(["a b a", "a b"], 2) == pytest.approx(2 / 3)
    assert distinct_n(["a"], 2) is None and distinct_n([], 1) is None


def test_bleu_by_hand():
    said, reference = ["the", "cat", "sat", "on", "the", "mat"], ["the", "cat", "is", "on", "the", "mat"]
    # 5 of 6 words; 3 of 5, 1 of 4 and 0 of 3 longer ones, each with one more of both
    expected = (5 / 6 * 4 / 6 * 2 / 5 * 1 / 4) ** 0.25
    assert bleu(said, [reference]) == pytest.approx(expected)
    assert bleu(said[:3], [said]) < bleu(said, [said]) == pytest.approx(1.0)
    assert bleu([], [said]) == 0.0 and bleu(["x"], [said]) == 0.0


@given(st.lists(st.text(alphabet="ab c.", max_size=12), min_size=2, max_size=5))
def test_self_bleu_is_a_share_and_does_not_hang_on_order(texts):
    value = self_bleu(texts)
    assert value is not None and 0 <= value <= 1 + 1e-9
    assert self_bleu(texts[::-1]) == pytest.approx(value)


def test_equal_texts_are_as_alike_as_can_be():
    assert self_bleu(["one two three four five"] * 3) == pytest.approx(1.0)
    assert self_bleu(["one"]) is None
