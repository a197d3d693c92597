import time

import numpy as np
import pytest

from tain.corpora.similarity import HeldTexts, jaccard, shingles

VOCABULARY = [f"word{i}" for i in range(2000)]


def texts(n: int, *, n_words: int = 200, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(VOCABULARY, size=n_words)) for _ in range(n)]


def with_changes(text: str, n: int) -> str:
    """Other words, far apart: each changes three shingles."""
    words = text.split()
    for i in range(n):
        words[i * 10 + 5] = f"changed{i}"
    return " ".join(words)


def test_shingles_are_runs_of_three_words_case_aside() -> None:
    assert shingles("The boat  LEFT at") == {"the boat left", "boat left at"}
    assert shingles("Yes") == {"yes"}
    assert jaccard({"a", "b", "c"}, {"b", "c", "d"}) == 0.5


def test_texts_are_near_from_the_similarity_on_and_no_sooner() -> None:
    held, others = texts(50), texts(50, seed=1)
    index = HeldTexts()
    index.add(held[:20])
    index.add(held[20:])
    # 198 shingles each: 7 words changed leave 177 of 219 common (0.81), 8 leave 174 of 222 (0.78).
    assert index.are_near([with_changes(text, 7) for text in held]) == [True] * 50
    assert index.are_near([with_changes(text, 8).upper() for text in held]) == [False] * 50
    assert not any(index.are_near(others))


def test_none_is_near_when_none_is_held() -> None:
    assert HeldTexts().are_near(["One text.", "Another."]) == [False, False]


@pytest.mark.parametrize("n_words", [200, 1000])
def test_a_comparison_takes_less_than_a_millisecond(n_words: int) -> None:
    index = HeldTexts()
    index.add(texts(200, n_words=n_words))
    others = texts(256, n_words=n_words, seed=1)
    started = time.process_time()
    index.are_near(others)
    assert (time.process_time() - started) / len(others) < 1e-3
