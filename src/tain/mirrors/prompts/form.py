"""What is known of a human text's form, to be asked for again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from tain.mirrors.words import count_words, is_unspaced, sentences, tokens

Person = Literal["first", "second", "third"]
Tense = Literal["past", "present"]

SHORT_LINE_CHARS = 100
_BLANK_LINE = re.compile(r"\n\s*\n")
_LIST_LINE = re.compile(r"^\s{0,8}(?:[-*+•–]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+\S", re.MULTILINE)
_SPEECH = re.compile(r"“[^”\n]{0,2000}”|(?<!\w)\"[^\"\n]{0,2000}\"(?!\w)")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FIRST = _words("i me my mine myself we us our ours im ive")
_SECOND = _words("you your yours yourself")
_PAST = _words("was were had did said went came took got saw thought knew felt told gave")
_SUBJECTS = _words("i he she it we they who")
_PRESENT = _words("is are has do does can will am says goes comes makes takes gets think know means needs")
MIN_SHARE_FIRST = 0.012
MIN_SHARE_SECOND = 0.015
MIN_TENSE_WORDS = 4


@dataclass(frozen=True, slots=True)
class Form:
    """How a text is built.

    Attributes:
        n_words: Words, or characters in scripts without spaces.
        unit: Which of the two.
        n_sentences: At least 1.
        n_paragraphs: At least 1; lines broken by hand count as one paragraph.
        has_list: Two lines or more begin as those of a list do.
        person: Who speaks, in English texts; None elsewhere.
        tense: Which prevails, in English texts; None where neither does.
    """

    n_words: int
    unit: Literal["words", "characters"]
    n_sentences: int
    n_paragraphs: int
    has_list: bool
    person: Person | None = None
    tense: Tense | None = None

    @property
    def length(self) -> str:
        """The length in words a prompt can use, such as "about 180 words (9 sentences)"."""
        return f"about {rounded(self.n_words)} {self.unit} ({_count(self.n_sentences, 'sentence')})"

    @property
    def sentence(self) -> str:
        """The rest in one sentence a prompt can use."""
        parts = _count(self.n_paragraphs, "paragraph")
        if self.has_list:
            parts += " and a list on lines that begin with a hyphen"
        person = [f"in the {self.person} person"] if self.person else []
        told = person + ([f"mostly in the {self.tense} tense"] if self.tense else [])
        return f"It has {parts}" + (f", and is written {' and '.join(told)}." if told else ".")


def form_of(text: str, *, language: str | None) -> Form:
    """The form of a text.

    Args:
        text: Human.
        language: ISO 639-1; person and tense are read in English only.
    """
    words = tokens(_SPEECH.sub(" ", text))  # what people say in a story is not how it is told
    is_english = language == "en"
    return Form(
        n_words=count_words(text),
        unit="characters" if is_unspaced(text) else "words",
        n_sentences=max(1, len(sentences(text))),
        n_paragraphs=len(paragraphs(text)),
        has_list=len(_LIST_LINE.findall(text)) >= 2,
        person=_person(words) if is_english else None,
        tense=_tense(words) if is_english else None,
    )


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text: parted by blank lines, or by line breaks where lines are long; at least one."""
    blocks = [block.strip() for block in _BLANK_LINE.split(text) if block.strip()]
    if len(blocks) > 1:
        return blocks
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    are_broken_by_hand = lines and sum(map(len, lines)) < SHORT_LINE_CHARS * len(lines)
    return blocks or [""] if are_broken_by_hand or not lines else lines


def rounded(n: int) -> int:
    """A number as people say it: to 5 below 100, to 10 below 1,000, to 50 above."""
    step = 1 if n < 20 else 5 if n < 100 else 10 if n < 1000 else 50
    return max(1, round(n / step) * step)


def _person(words: list[str]) -> Person:
    n = max(1, len(words))
    if sum(word in _FIRST for word in words) / n >= MIN_SHARE_FIRST:
        return "first"
    return "second" if sum(word in _SECOND for word in words) / n >= MIN_SHARE_SECOND else "third"


def _tense(words: list[str]) -> Tense | None:
    # Elsewhere words in -ed are mostly participles, which tell nothing.
    told = sum(one in _SUBJECTS and other.endswith("ed") for one, other in pairwise(words))
    past = told + sum(word in _PAST for word in words)
    present = sum(word in _PRESENT for word in words)
    if past + present < MIN_TENSE_WORDS or max(past, present) < 1.5 * min(past, present):
        return None
    return "past" if past > present else "present"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
