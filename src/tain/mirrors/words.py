"""Words as each script has them: between spaces, or one character each where nothing is put between words."""

from __future__ import annotations

import re

# Thai, Lao, Burmese and Khmer; kana; Han, with its rarer planes.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_UNSPACED_LETTER = re.compile(rf"[{_UNSPACED}]")
_WIDE_MARK = re.compile("[\u3000-\u303f\uff00-\uff20\uff3b-\uff40\uff5b-\uff65]")
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_SENTENCE_MARKS = ".!?…。！？।۔؟．｡"
_GOES_ON = ",;:-–—([{/&،؛，、：；（「『“„«<"
_SENTENCE = re.compile(rf"[{_SENTENCE_MARKS}]+[\"'”’»)\]」』*_]*(?=\s|\Z|[{_UNSPACED}])")
_MIN_SENTENCE_TOKENS = 4  # "Mr." and "1." are none


def count_words(text: str) -> int:
    """The runs of non-space characters, and each character of scripts without spaces.

    For English this is what `text.split()` counts; a Chinese text of 300 characters has 300.
    """
    letters = _UNSPACED_LETTER.findall(text)
    if not letters:
        return len(text.split())
    return len(letters) + len(_WIDE_MARK.sub(" ", _UNSPACED_LETTER.sub(" ", text)).split())


def is_unspaced(text: str) -> bool:
    """Whether most of a text stands in a script that puts no spaces between words."""
    return 2 * len(_UNSPACED_LETTER.findall(text)) > count_words(text)


def tokens(text: str) -> list[str]:
    """What texts are compared by: runs of letters and digits in lower case, marks left out."""
    return _TOKEN.findall(text.casefold())


def ends_sentence(text: str) -> bool:
    """Whether a text ends as texts do that were not cut off: in a mark, a closing bracket, a quote or an emoji."""
    end = text.rstrip()[-1:]
    return bool(end) and not end.isalnum() and end not in _GOES_ON


def sentences(text: str) -> list[str]:
    """A text cut after each sentence; a piece of fewer than four words joins the next."""
    found, start = [], 0
    for match in _SENTENCE.finditer(text):
        if len(tokens(text[start : match.end()])) >= _MIN_SENTENCE_TOKENS:
            found.append(text[start : match.end()].strip())
            start = match.end()
    if rest := text[start:].strip():
        found.append(rest)
    return found
