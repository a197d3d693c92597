from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tain.core.errors import ConfigError
from tain.mirrors.shares import ModelShares, parse_shares


def test_models_are_dealt_out_in_their_shares():
    shares = parse_shares(["small=7", "large=3"])
    dealt = Counter(shares.model_of(f"p{i}") for i in range(10_000))
    assert 6_800 < dealt["small"] < 7_200
    assert dealt.total() == 10_000


@given(st.text(), st.integers(0, 9))
def test_a_parent_always_has_the_same_model(parent_id, seed):
    shares = parse_shares(["a", "b=2", "c=0.5"])
    assert shares.model_of(parent_id, seed=seed) == shares.model_of(parent_id, seed=seed)
    assert shares.model_of(parent_id, seed=seed) in shares.names


def test_only_the_ratios_count():
    one, other = parse_shares(["a=1", "b=3"]), parse_shares(["a=0.25", "b=0.75"])
    assert [one.model_of(str(i)) for i in range(99)] == [other.model_of(str(i)) for i in range(99)]


def test_another_seed_deals_anew():
    shares = parse_shares(["a", "b"])
    assert [shares.model_of(str(i)) for i in range(99)] != [shares.model_of(str(i), seed=1) for i in range(99)]


def test_one_name_is_one_model():
    assert parse_shares(["org/model:free"]) == ModelShares(("org/model:free",), (1.0,))


@pytest.mark.parametrize("value", ["a=0", "a=-1", "a=much", "=1", "a=nan"])
def test_a_share_is_a_number_above_0(value):
    with pytest.raises(ConfigError, match="expected NAME or NAME=SHARE"):
        parse_shares([value])


def test_no_model_and_one_twice_are_refused():
    with pytest.raises(ConfigError, match="No model is named"):
        parse_shares([])
    with pytest.raises(ConfigError, match="named twice"):
        parse_shares(["a=1", "a=2"])
