import numpy as np
import pytest

from tain.evaluation.overlap import overlap, text_hash, text_hashes

SEEN = ["The cat sat on the mat.", "A dog barked all night long."]


@pytest.mark.parametrize(
    "copy",
    [
        "the cat sat on the mat",
        "The  cat\nsat on the mat!",
        "**The cat** sat on “the mat”.",
        "Ｔhe cat sat on the mat_",
    ],
)
def test_a_copy_that_looks_different_is_the_same_text(copy):
    assert text_hash(copy) == text_hash(SEEN[0])


def test_letters_and_digits_count_in_every_script():
    assert text_hash("42 кота") != text_hash("43 кота")
    assert text_hash("кота") != text_hash("кот")
    assert text_hash("ﬁne") == text_hash("fine")


def test_the_number_of_a_text_never_changes():
    assert text_hash("The cat sat on the mat.") == 10788381829916152820
    assert text_hash("") == 13020603013274838756


def test_the_numbers_of_texts_are_sorted_and_each_stands_once():
    hashes = text_hashes([*SEEN, SEEN[0].upper()])
    assert hashes.dtype == np.uint64
    assert hashes.tolist() == sorted({text_hash(text) for text in SEEN})
    assert text_hashes([]).size == 0


def test_texts_seen_before_are_counted_and_placed():
    found = overlap(["New words here.", SEEN[1], "More new words.", SEEN[0].lower()], text_hashes(SEEN))
    assert found.positions == (1, 3)
    assert (found.seen.k, found.seen.n) == (2, 4)


def test_nothing_seen_has_no_place():
    found = overlap(["New words here."], text_hashes(SEEN))
    assert found.positions == ()
    assert overlap([], text_hashes(SEEN)).seen.value is None


def test_half_a_surrogate_pair_is_a_text_too():
    assert 0 <= text_hash("a\ud800b") < 2**64
