"""The parts of a pool never meet."""

from collections import Counter

import pytest

from tain.core.errors import ConfigError, DataError
from tain.core.example import Example
from tain.mining.control import CONTROL, MINED, PARTS, PoolSplit, part_again, require_apart

SENTENCE = "the quick brown fox jumps over the lazy dog and then walks home through the rain "


def test_shares_are_kept_and_a_group_has_one_part_whatever_comes_beside_it():
    split = PoolSplit(seed=1)
    counts = Counter(split.part(f"g{i}") for i in range(4000))
    assert {name: pytest.approx(n / 4000, abs=0.03) for name, n in counts.items()} == split.shares
    assert [split.part("g7") for _ in range(3)] == [PoolSplit(seed=1).part("g7")] * 3
    assert any(PoolSplit(seed=2).part(f"g{i}") != split.part(f"g{i}") for i in range(20))


def test_the_order_in_which_shares_are_named_changes_nothing():
    shares = PoolSplit(seed=1).shares
    turned = PoolSplit(seed=1, shares=dict(reversed(shares.items())))
    assert [turned.part(f"g{i}") for i in range(50)] == [PoolSplit(seed=1).part(f"g{i}") for i in range(50)]


def test_a_split_that_lacks_a_part_is_refused():
    with pytest.raises(ConfigError, match=r"split into mined, control; expected mined, calibration"):
        PoolSplit(seed=1, shares={"mined": 0.5, "control": 0.5})
    with pytest.raises(ConfigError, match="sum to 1"):
        PoolSplit(seed=1, shares=dict.fromkeys(PARTS, 0.3))


def test_near_repeats_stay_with_the_first_part():
    parts = {
        CONTROL: [Example("a", SENTENCE * 3)],
        MINED: [Example("b", SENTENCE * 3 + "again."), Example("c", "something else entirely, of other words")],
    }
    kept, n_left_out = part_again(parts)
    assert [example.id for example in kept[MINED]] == ["c"]
    assert n_left_out == 1
    require_apart(kept)


def test_overlap_of_groups_or_texts_is_refused():
    with pytest.raises(DataError, match="'book' in control and mined"):
        require_apart({CONTROL: [Example("a", "one", group="book")], MINED: [Example("b", "two", group="book")]})
    with pytest.raises(
        DataError, match=r"1 texts stand in two parts: 'Same  text\.' in|'Same text\.' in control and mined"
    ):
        require_apart({CONTROL: [Example("a", "same text.")], MINED: [Example("b", "Same  text.")]})
