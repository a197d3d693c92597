import numpy as np
import pytest

from tain.core.errors import ConfigError
from tain.core.example import Example
from tain.corpora.lengths import count_words, cut_at_sentence, cut_words, match_lengths

SENTENCE = "Nine words make up this one sentence right here. "


def test_a_cut_ends_with_a_sentence_past_most_of_the_least_length() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        cut = cut_words(SENTENCE * 40, rng, low=60, high=200)
        assert cut.endswith(".")
        assert 48 <= count_words(cut) <= 200
        assert count_words(cut) % 9 == 0


def test_lengths_vary_with_the_generator_and_repeat_with_the_seed() -> None:
    def lengths(seed: int) -> list[int]:
        rng = np.random.default_rng(seed)
        return [count_words(cut_words(SENTENCE * 40, rng, low=60, high=200)) for _ in range(30)]

    assert len(set(lengths(0))) > 8
    assert lengths(0) == lengths(0) != lengths(1)


def test_without_a_sentence_end_the_cut_falls_on_the_word() -> None:
    assert count_words(cut_words("word " * 300, np.random.default_rng(0), low=100, high=100)) == 100
    assert cut_at_sentence("One. two three four", 4, at_least=3) == "One. two three four"


def test_a_short_text_is_trimmed_to_its_last_sentence() -> None:
    rng = np.random.default_rng(0)
    assert cut_words(SENTENCE * 6 + "cut off in the", rng, low=60, high=60) == (SENTENCE * 6).strip()
    assert cut_words("only a few words", rng, low=60, high=60) == "only a few words"
    assert cut_words("", rng, low=1, high=2) == ""


def test_quotes_after_the_stop_belong_to_the_sentence() -> None:
    assert cut_at_sentence('He said "Stop." then went', 4, at_least=1) == 'He said "Stop."'


@pytest.mark.parametrize(("low", "high"), [(0, 5), (6, 5)])
def test_impossible_lengths_are_refused(low: int, high: int) -> None:
    with pytest.raises(ConfigError, match="expected 1 <= low <= high"):
        cut_words("text", np.random.default_rng(0), low=low, high=high)


def test_matched_classes_have_the_same_lengths() -> None:
    rng = np.random.default_rng(0)
    humans = [Example(f"h{i}", "w " * int(n), "human", domain="news") for i, n in enumerate(rng.integers(50, 400, 300))]
    machines = [Example(f"a{i}", "w " * int(n), "ai", domain="news") for i, n in enumerate(rng.integers(100, 200, 900))]
    matched = match_lengths([*humans, *machines])
    assert [e.id for e in matched] == [e.id for e in (*humans, *machines)]
    own = [np.sort([count_words(e.text) for e in matched if e.label == label]) for label in ("human", "ai")]
    for rank in (0.1, 0.5, 0.9):
        assert np.quantile(own[0], rank) == pytest.approx(np.quantile(own[1], rank), abs=3)
    assert all(count_words(m.text) <= count_words(e.text) for m, e in zip(matched, [*humans, *machines], strict=True))


def test_a_domain_with_one_class_stays_as_it_is() -> None:
    lone = Example("l", "w " * 500, "human", domain="letters")
    pair = [Example("h", "w " * 9, "human", domain="news"), Example("a", "w " * 5, "ai", domain="news")]
    matched = match_lengths([lone, *pair])
    assert [count_words(e.text) for e in matched] == [500, 5, 5]
    assert count_words(match_lengths([lone, *pair], by_domain=False)[0].text) == 5
