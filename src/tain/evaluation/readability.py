"""How hard a text is to read, by the classic formulas for English: they see words, sentences and syllables only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
COMPLEX_SYLLABLES = 3

_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|\Z)")
_VOWELS = re.compile(r"[aeiouyàáâäãåæèéêëìíîïòóôöõøœùúûüýÿ]+")
_SILENT_END = re.compile(
    r"(?:[^aeiouyl]|[aeiouy]l)e\Z|[^aeiouylsxzcgh]es\Z|[aeiouy]les\Z|[^aeiouytdl]ed\Z|[aeiouy]led\Z"
)


@dataclass(frozen=True, slots=True)
class TextCounts:
    """What the formulas are made from.

    Attributes:
        n_words: Runs of letters; an apostrophe joins.
        n_sentences: Pieces of the text that end in a full stop, mark or the end, and hold a word.
        n_syllables: By `count_syllables`.
        n_simple: Words of one syllable.
        n_complex: Words of three syllables or more.
        n_letters: Letters in words.
    """

    n_words: int
    n_sentences: int
    n_syllables: int
    n_simple: int
    n_complex: int
    n_letters: int


@lru_cache(maxsize=1 << 16)
def count_syllables(word: str) -> int:
    """The syllables of an English word: its runs of vowels, less a silent e at the end; at least one.

    Silent are -e, -es and -ed, but not after sounds that need the vowel, as in table, boxes, wanted. A rule, not a
    dictionary: `poem` and `create` come out one short.

    Args:
        word: One word; case does not matter.
    """
    lower = word.lower()
    n = len(_VOWELS.findall(lower))
    if n > 1 and _SILENT_END.search(lower):
        n -= 1
    return max(n, 1)


def sentences_of(text: str) -> list[list[str]]:
    """The words of each sentence that has any. Abbreviations end a sentence; a page of them is rare.

    Args:
        text: Normalised or not.
    """
    pieces = (WORD.findall(piece) for piece in _SENTENCE_END.split(text))
    return [words for words in pieces if words]


def count_text(sentences: list[list[str]]) -> TextCounts:
    """What the formulas are made from, all zero for a text without words.

    Args:
        sentences: As `sentences_of` gives them.
    """
    words = [word for sentence in sentences for word in sentence]
    syllables = [count_syllables(word) for word in words]
    return TextCounts(
        n_words=len(words),
        n_sentences=len(sentences),
        n_syllables=sum(syllables),
        n_simple=syllables.count(1),
        n_complex=sum(n >= COMPLEX_SYLLABLES for n in syllables),
        n_letters=sum(len(word) - word.count("'") - word.count("’") for word in words),
    )


def readability(counts: TextCounts) -> dict[str, float]:
    """The classic scores by name; all zero for a text without words.

    Args:
        counts: Of one text.

    Source:
        Flesch 1948, J. Applied Psychology 32(3). Kincaid et al. 1975, Navy Research Branch Report 8-75. Gunning 1952,
        The Technique of Clear Writing. McLaughlin 1969, J. Reading 12(8), here for any number of sentences. Smith and
        Senter 1967, AMRL-TR-66-220. Coleman and Liau 1975, J. Applied Psychology 60(2). Differs: syllables by rule.
    """
    if not counts.n_words:
        return dict.fromkeys(("flesch", "flesch_kincaid", "gunning_fog", "smog", "automated", "coleman_liau"), 0.0)
    per_sentence = counts.n_words / counts.n_sentences
    syllables, letters = counts.n_syllables / counts.n_words, counts.n_letters / counts.n_words
    return {
        "flesch": 206.835 - 1.015 * per_sentence - 84.6 * syllables,
        "flesch_kincaid": 0.39 * per_sentence + 11.8 * syllables - 15.59,
        "gunning_fog": 0.4 * (per_sentence + 100 * counts.n_complex / counts.n_words),
        "smog": 1.0430 * (30 * counts.n_complex / counts.n_sentences) ** 0.5 + 3.1291,
        "automated": 4.71 * letters + 0.5 * per_sentence - 21.43,
        "coleman_liau": 5.88 * letters - 29.6 / per_sentence - 15.8,
    }
