import pytest

from tain.core.errors import ConfigError
from tain.mirrors.cost import Prices, estimate_tokens, estimate_usage, parse_prices
from tain.mirrors.request import Answer, Message, MirrorRequest, Sampling, Usage

REQUEST = MirrorRequest("p", "g", (Message("user", "x" * 300),), "t", "1", "v", "small", Sampling(500), 5)


def test_a_request_costs_what_it_reads_and_writes():
    prices = parse_prices(["2", "small=1"], ["10"])
    assert prices == Prices({"*": 2.0, "small": 1.0}, {"*": 10.0})
    assert prices.cost_usd("small", prompt_tokens=1_000_000, completion_tokens=100_000) == pytest.approx(2.0)
    assert prices.cost_usd("other", prompt_tokens=1_000_000, completion_tokens=0) == pytest.approx(2.0)
    assert prices.usd_of(REQUEST, Answer("", None, Usage(10, 20), "small-1")) == pytest.approx(210e-6)


def test_what_is_reserved_is_never_less_than_what_is_spent():
    prices = parse_prices(["1"], ["1"])
    # No tokenizer of today makes more than one token of three bytes of English, nor may an answer pass its limit.
    spent = prices.cost_usd("small", prompt_tokens=100, completion_tokens=500)
    assert prices.most_usd(REQUEST) >= spent


def test_without_prices_nothing_costs_anything():
    assert Prices().most_usd(REQUEST) == 0
    assert not Prices().covers(["small"])
    assert parse_prices(["a=1", "b=2"], ["3"]).covers(["a", "b"])
    assert not parse_prices(["a=1"], ["3"]).covers(["a", "b"])


def test_a_model_name_may_hold_equals_signs_and_slashes():
    assert parse_prices(["org/x=y=0.5"], []).usd_in == {"org/x=y": 0.5}


@pytest.mark.parametrize("value", ["free", "-1", "nan", "small=", "inf"])
def test_a_price_is_a_number_from_0_on(value):
    with pytest.raises(ConfigError, match="--price-in .*expected USD per million tokens"):
        parse_prices([value], [])


def test_two_prices_for_one_model_are_refused():
    with pytest.raises(ConfigError, match="has a price already"):
        parse_prices(["1", "2"], [])


def test_tokens_are_estimated_from_bytes():
    assert estimate_tokens("") == 0
    assert estimate_tokens("abcd") == 2
    assert estimate_tokens("語") == 1
    assert estimate_usage((Message("user", "abc"),), "abcdef") == Usage(9, 2, is_estimated=True)
