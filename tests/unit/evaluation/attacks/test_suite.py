import pytest

from tain.evaluation.attacks.registry import LOCAL, get_attack
from tain.evaluation.attacks.suite import apply_at, attack_all

TEXTS = [
    f"The {i}th color of the car was decided in 19{i:02}. They kept it, and it was a large one; nobody minded."
    for i in range(12)
]


def texts_of(made):
    return {name: [each.text for each in attacked] for name, attacked in made.items()}


def test_neither_the_order_of_the_attacks_nor_the_other_texts_change_a_result():
    whole = texts_of(attack_all(TEXTS, ["local"], seed=5))
    assert list(whole) == [name if name != "truncation" else "truncation_100" for name in LOCAL]
    turned = texts_of(attack_all(TEXTS, list(reversed(LOCAL)), seed=5))
    assert whole == turned
    alone = apply_at(get_attack("number"), TEXTS[7:9], places=[7, 8], seed=5)
    assert [each.text for each in alone] == whole["number"][7:9]


def test_another_seed_is_another_draw():
    first, second = (texts_of(attack_all(TEXTS, ["number"], seed=seed)) for seed in (0, 1))
    assert first != second


def test_a_text_that_comes_twice_is_attacked_twice():
    first, second = attack_all([TEXTS[0] * 5] * 2, ["misspelling"], seed=0)["misspelling"]
    assert first.text != second.text


def test_the_strength_holds_for_all():
    made = attack_all(TEXTS, ["number", "homoglyph"], seed=0, strength=0.0)
    assert texts_of(made) == {"number": TEXTS, "homoglyph": TEXTS}


@pytest.mark.parametrize("name", LOCAL)
def test_the_same_seed_makes_the_same_text(name):
    first, second = (next(iter(attack_all(TEXTS[1:2], [name], seed=42).values()))[0] for _ in range(2))
    assert first.text == second.text
    assert first.spans.tolist() == second.spans.tolist()
