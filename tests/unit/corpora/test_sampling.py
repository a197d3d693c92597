import random

import pytest

from tain.core.errors import ConfigError
from tain.core.example import Example
from tain.corpora.sampling import sample_per_domain

EXAMPLES = [
    Example(f"{label}{i}", "T", label, group=f"g{i}", domain=domain)
    for i, domain in enumerate(["news"] * 50 + ["essay"] * 3)
    for label in ("human", "ai")
]


def test_no_domain_has_more_than_the_cap_and_order_stays() -> None:
    kept = sample_per_domain(EXAMPLES, cap=10, seed=1)
    counts = {key: sum((e.domain, e.label) == key for e in kept) for key in {(e.domain, e.label) for e in kept}}
    assert counts == {("news", "human"): 10, ("news", "ai"): 10, ("essay", "human"): 3, ("essay", "ai"): 3}
    assert kept == [e for e in EXAMPLES if e in kept]


def test_a_text_and_its_mirror_are_kept_together() -> None:
    kept = sample_per_domain(EXAMPLES, cap=10, seed=1)
    assert {e.group for e in kept if e.label == "ai"} == {e.group for e in kept if e.label == "human"}


def test_the_choice_follows_the_seed_and_not_the_order() -> None:
    shuffled = random.Random(0).sample(EXAMPLES, len(EXAMPLES))
    chosen = {e.id for e in sample_per_domain(EXAMPLES, cap=10, seed=1)}
    assert {e.id for e in sample_per_domain(shuffled, cap=10, seed=1)} == chosen
    assert {e.id for e in sample_per_domain(EXAMPLES, cap=10, seed=2)} != chosen


def test_a_cap_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="is 0; expected 1 or more"):
        sample_per_domain(EXAMPLES, cap=0, seed=1)
