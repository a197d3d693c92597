"""One way to write each character: Unicode forms, quotes, hyphens, spaces, invisible characters, look-alikes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from tain.corpora.edits import Edit, replace

_SAME_LENGTH = {
    **dict.fromkeys("“”„‟«»〝〞″‶＂", '"'),
    **dict.fromkeys("‘’‚‛‹›′‵´ʹʻʼʽˈ＇", "'"),
    # The em dash and the bar stay: the spacing rules give them spaces.
    **dict.fromkeys("‐‑‒–−﹣－⁃", "-"),
    **dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
    ),
    **dict.fromkeys("\u2028\u2029\u0085", "\n"),
    **dict.fromkeys("•‣◦▪●○■□∙", "•"),
}
_SAME_LENGTH_TABLE = str.maketrans(_SAME_LENGTH)

# Joiners shape letters in Arabic and Indic scripts and build emoji; elsewhere they only hide.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
    r"|(?<![\u0600-\u0fff\u2190-\u2bff\U0001f000-\U0001faff])[\u200c\u200d]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")

# A run of non-ASCII characters with the ASCII character that the first of them may modify.
_NON_ASCII_RUN = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]+")

_CYRILLIC_TWINS = str.maketrans("АВЕЅІЈКМНОРСТУХаеорсухіјѕԁԛԝһ", "ABESIJKMHOPCTYXaeopcyxijsdqwh")
_GREEK_TWINS = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo")
_TWINS = {**_CYRILLIC_TWINS, **_GREEK_TWINS}
_TWIN = re.compile(f"[{''.join(map(chr, _TWINS))}]")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_LATIN = re.compile("[A-Za-z]")
_WORD_OF_THREE_ALPHABETS = re.compile(r"[A-Za-z\u0370-\u03ff\u0400-\u052f]+")


def invisible(text: str) -> Iterator[Edit]:
    """Edits that take out control, zero-width and other unseen characters, and lone surrogates."""
    return replace(_CONTROL if text.isascii() else _INVISIBLE, text)


def same_length(text: str) -> str:
    """The text with quotes, hyphens, spaces and letter look-alikes unified, one character for one."""
    if text.isascii():
        return text
    text = text.translate(_SAME_LENGTH_TABLE)
    return _fold_twins(text) if _TWIN.search(text) else text


def compatibility_forms(text: str) -> Iterator[Edit]:
    """Edits that bring the text into Unicode form NFKC, cluster by cluster."""
    if text.isascii() or unicodedata.is_normalized("NFKC", text):
        return
    for match in _NON_ASCII_RUN.finditer(text):
        run = match.group()
        if not unicodedata.is_normalized("NFKC", run):
            yield from _fold_run(run, match.start())


def _fold_run(run: str, offset: int) -> Iterator[Edit]:
    clusters = list(_clusters(run))
    folded = [unicodedata.normalize("NFKC", run[start:end]) for start, end in clusters]
    whole = unicodedata.normalize("NFKC", run)
    if "".join(folded) != whole:
        # Letters that join across clusters, such as Hangul: the run moves as one.
        yield offset, offset + len(run), whole
        return
    for (start, end), new in zip(clusters, folded, strict=True):
        if run[start:end] != new:
            yield offset + start, offset + end, new


def _clusters(run: str) -> Iterator[tuple[int, int]]:
    start = 0
    for i in range(1, len(run)):
        if not unicodedata.combining(run[i]):
            yield start, i
            start = i
    yield start, len(run)


def _fold_twins(text: str) -> str:
    """Latin letters for their Cyrillic and Greek twins, where the text around them is Latin."""
    if not _LATIN.search(text):
        return text
    if all(ord(letter) in _CYRILLIC_TWINS for letter in _CYRILLIC.findall(text)):
        # A real Cyrillic word would show at least one letter that has no Latin twin.
        text = text.translate(_CYRILLIC_TWINS)
    return _WORD_OF_THREE_ALPHABETS.sub(_fold_word, text)


def _fold_word(match: re.Match[str]) -> str:
    word = match.group()
    if word.isascii() or not _LATIN.search(word):
        return word
    folded = word.translate(_TWINS)
    return folded if folded.isascii() else word
