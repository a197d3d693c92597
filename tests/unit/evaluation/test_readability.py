import pytest

from tain.evaluation.readability import TextCounts, count_syllables, count_text, readability, sentences_of

ONE = {
    "cat": 1,
    "the": 1,
    "makes": 1,
    "walked": 1,
    "whole": 1,
    "file": 1,
    "eye": 1,
    "be": 1,
    "queue": 1,
    "strengths": 1,
}
TWO = {
    "table": 2,
    "tables": 2,
    "boxes": 2,
    "wanted": 2,
    "people": 2,
    "houses": 2,
    "settled": 2,
    "apple": 2,
    "Running": 2,
}
MORE = {"beautiful": 3, "syllable": 3, "readability": 5, "university": 5, "communication": 5}


@pytest.mark.parametrize(("word", "n"), {**ONE, **TWO, **MORE}.items())
def test_syllables_are_those_of_the_dictionary(word, n):
    assert count_syllables(word) == n


@pytest.mark.parametrize(("word", "n"), [("poem", 1), ("create", 1), ("going", 1)])
def test_the_rule_is_known_to_fall_one_short_on_two_vowels_that_part(word, n):
    assert count_syllables(word) == n


def test_sentences_end_at_marks_and_hold_words():
    assert sentences_of('He said "No." Then … nothing! (Really?) --') == [
        ["He", "said", "No"],
        ["Then"],
        ["nothing"],
        ["Really"],
    ]
    assert sentences_of("Version 3.5 is out") == [["Version", "is", "out"]]
    assert sentences_of(" 1. 2. 3. ") == []


def test_an_apostrophe_joins_a_word_and_is_no_letter():
    counts = count_text(sentences_of("It isn't so."))
    assert (counts.n_words, counts.n_sentences, counts.n_letters) == (3, 1, 8)


def test_the_formulas_on_a_sentence_worked_by_hand():
    counts = count_text(sentences_of("The cat sat on the mat."))
    assert counts == TextCounts(n_words=6, n_sentences=1, n_syllables=6, n_simple=6, n_complex=0, n_letters=17)
    assert readability(counts) == pytest.approx(
        {
            "flesch": 206.835 - 1.015 * 6 - 84.6,  # 116.145, the textbook value
            "flesch_kincaid": -1.45,
            "gunning_fog": 2.4,
            "smog": 3.1291,
            "automated": -5.085,
            "coleman_liau": 5.88 * 17 / 6 - 29.6 / 6 - 15.8,
        }
    )


def test_the_formulas_on_harder_counts_worked_by_hand():
    counts = TextCounts(n_words=100, n_sentences=5, n_syllables=150, n_simple=65, n_complex=12, n_letters=480)
    assert readability(counts) == pytest.approx(
        {
            "flesch": 59.635,
            "flesch_kincaid": 9.91,
            "gunning_fog": 12.8,
            "smog": 1.0430 * 72**0.5 + 3.1291,
            "automated": 11.178,
            "coleman_liau": 10.944,
        }
    )


def test_a_text_without_words_is_all_zero():
    assert set(readability(count_text([])).values()) == {0.0}
