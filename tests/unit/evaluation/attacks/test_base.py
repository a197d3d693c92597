import numpy as np
import pytest

from tain.core.errors import ConfigError
from tain.evaluation.attacks.base import Edit, choose, edited, share_of
from tain.evaluation.attacks.number_swap import NumberSwap


def test_spans_stand_in_the_attacked_text_and_original_spans_in_the_original():
    made = edited("one two three", [Edit(0, 3, "eins"), Edit(4, 8, ""), Edit(13, 13, "!")])
    assert made.text == "eins three!"
    assert [made.text[start:end] for start, end in made.spans] == ["eins", "", "!"]
    assert made.original_spans.tolist() == [[0, 3], [4, 8], [13, 13]]
    assert made.n_edits == 3


def test_a_text_without_edits_is_the_same_text():
    made = edited("one", [])
    assert (made.text, made.n_edits, made.spans.shape, made.original_spans.shape) == ("one", 0, (0, 2), (0, 2))


@pytest.mark.parametrize("edits", [[Edit(0, 2, ""), Edit(1, 3, "")], [Edit(0, 4, "")], [Edit(2, 1, "")]])
def test_edits_that_overlap_or_leave_the_text_are_a_defect(edits):
    with pytest.raises(AssertionError, match="overlaps another or leaves the text"):
        edited("one", edits)


@pytest.mark.parametrize(("n", "strength", "share"), [(100, 0.29, 29), (3, 0.5, 1), (3, 1.0, 3), (0, 1.0, 0)])
def test_shares_are_counted_as_whole_edits(n, strength, share):
    assert share_of(n, strength) == share


def test_what_is_chosen_keeps_its_order_and_is_drawn_by_the_generator():
    drawn = choose("abcdefghij", 4, np.random.default_rng(0))
    assert drawn == sorted(drawn)
    assert drawn == choose("abcdefghij", 4, np.random.default_rng(0))
    assert choose("abc", 3, np.random.default_rng(0)) == ["a", "b", "c"]
    assert len({tuple(choose("abcdefghij", 4, np.random.default_rng(seed))) for seed in range(20)}) > 10


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_that_is_no_share_is_refused(strength):
    with pytest.raises(ConfigError, match="expected a share from 0 to 1"):
        NumberSwap().apply("12", strength=strength, rng=np.random.default_rng(0))


def test_strength_0_draws_nothing():
    rng = np.random.default_rng(0)
    assert NumberSwap().apply("12", strength=0, rng=rng).text == "12"
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state
