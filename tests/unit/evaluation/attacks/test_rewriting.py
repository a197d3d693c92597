import numpy as np
import pytest
from tests.unit.evaluation.attacks.fake_endpoint import fake_endpoint

from tain.evaluation.attacks.back_translation import BackTranslation
from tain.evaluation.attacks.paraphrase import Paraphrase
from tain.evaluation.attacks.suite import attack_all

TEXT = " One is here. Two is here. Three is here. Four is here.\n"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_a_paraphrase_is_one_edit_and_the_white_space_around_it_stays():
    with fake_endpoint() as fake:
        made = Paraphrase(fake.endpoint()).apply(TEXT, rng=np.random.default_rng(0))
    assert made.text == TEXT.upper()
    assert (made.spans.tolist(), made.original_spans.tolist()) == ([[1, len(TEXT) - 1]],) * 2
    assert "Paraphrase" in fake.asked[0]["messages"][0]["content"]


def test_at_half_strength_one_passage_of_half_the_sentences_is_rewritten():
    with fake_endpoint() as fake:
        made = Paraphrase(fake.endpoint()).apply(TEXT, strength=0.5, rng=np.random.default_rng(0))
    assert made.n_edits == 1
    ((start, end),) = made.original_spans
    assert made.text == TEXT[:start] + TEXT[start:end].upper() + TEXT[end:]
    assert TEXT[start:end].count("here.") == 2


@pytest.mark.parametrize(("text", "strength"), [(" \n", 1.0), ("", 1.0), (TEXT, 0.0)])
def test_where_there_is_nothing_to_rewrite_nobody_is_asked(text, strength):
    with fake_endpoint() as fake:
        made = Paraphrase(fake.endpoint()).apply(text, strength=strength, rng=np.random.default_rng(0))
    assert (made.text, made.n_edits, fake.asked) == (text, 0, [])


def test_a_back_translation_asks_for_the_way_there_and_the_way_back():
    def answer(task, text):
        return f"<{text}>" if "into French" in task else text.removeprefix("<").removesuffix(">").title()

    with fake_endpoint(answer=answer) as fake:
        made = BackTranslation(fake.endpoint(), language="French").apply("a b. c", rng=np.random.default_rng(0))
    assert made.text == "A B. C"
    assert [question["messages"][1]["content"] for question in fake.asked] == ["a b. c", "<a b. c>"]


def test_many_texts_keep_their_order_and_their_seeds():
    texts = [f"text {i}" for i in range(6)] + [" "]
    with fake_endpoint(delay_s=0.01) as fake:
        made = attack_all(texts, ["paraphrase"], seed=3, endpoint=fake.endpoint())["paraphrase"]
        first = {question["messages"][1]["content"]: question["seed"] for question in fake.asked}
        attack_all(texts[:1], ["paraphrase"], seed=3, endpoint=fake.endpoint())
    assert [each.text for each in made] == [text.upper() for text in texts]
    assert len(set(first.values())) == 6
    assert fake.asked[-1]["seed"] == first["text 0"]
