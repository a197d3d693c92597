"""What a prompt may show of a human text: its title, its first sentence, its beginning."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tain.core.example import Example
from tain.mirrors.prompts.form import Form, form_of
from tain.mirrors.prompts.languages import ISO_CODES, language_name
from tain.mirrors.screen.tongue import detect_language
from tain.mirrors.words import count_words, sentences, tokens

MAX_TITLE_WORDS = 16
MIN_BODY_RATIO = 3
MAX_SENTENCE_WORDS = 60
OPENING_SHARE = 0.25
MAX_OPENING_SHARE = 0.4
MIN_CONFIDENCE = 0.9
_MARKED_TITLE = re.compile(r"\A\s*(?:title|subject|headline)\s*:\s*([^\n]+)\n", re.IGNORECASE)
_TITLE_LINE = re.compile(r"\A\s*#{0,6}\s*([^\n]+)\n\s*\n")
_GREETING = re.compile(r"(?:dear|hi|hello|hey|to|from)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Material:
    """What is known of one human text.

    Attributes:
        example: The text.
        title: Given, or read off its first line; None where it has none.
        has_title_line: The text itself begins with the title.
        first_sentence: Of the text below its title.
        opening: About a quarter of it, whole sentences; empty where a text is too short to be parted.
        form: How it is built.
        language: ISO 639-1, or what the example says; None where nobody knows.
        language_name: In English, for a prompt.
    """

    example: Example
    title: str | None
    has_title_line: bool
    first_sentence: str
    opening: str
    form: Form
    language: str | None
    language_name: str | None


def material_of(example: Example, *, title: str | None = None) -> Material:
    """What a prompt may show of a text.

    Args:
        example: Human.
        title: Where it is known; None looks for one in the first line.
    """
    found, body = find_title(example.text)
    parts = sentences(body)
    language = example.language or _detected(example.text)
    return Material(
        example=example,
        title=title or found,
        has_title_line=found is not None,
        first_sentence=_cut(parts[0], MAX_SENTENCE_WORDS) if parts else "",
        opening=_opening(body, parts),
        form=form_of(example.text, language=language),
        language=language,
        language_name=language_name(language),
    )


def find_title(text: str) -> tuple[str | None, str]:
    """The title in the first line of a text, and what stands below it; None and the whole text where there is none.

    A title is short, ends in no full stop, greets nobody, has a blank line below it (or says "Title:") and at least
    three times as many words.
    """
    for pattern in (_MARKED_TITLE, _TITLE_LINE):
        if match := pattern.match(text):
            title, body = match.group(1).strip(" *_#"), text[match.end() :].strip()
            if _is_title(title, body):
                return title, body
    return None, text.strip()


def _is_title(title: str, body: str) -> bool:
    n_words = count_words(title)
    if not 1 <= n_words <= MAX_TITLE_WORDS or count_words(body) < MIN_BODY_RATIO * n_words:
        return False
    return title[-1] not in ".,:;!…-–—" and _GREETING.match(title) is None and bool(tokens(title))


def _opening(body: str, parts: list[str]) -> str:
    n_words, end = count_words(body), 0
    for part in parts[:-1]:
        start = body.index(part, end)
        if end and count_words(body[: start + len(part)]) > MAX_OPENING_SHARE * n_words:
            break
        end = start + len(part)
        if count_words(body[:end]) >= OPENING_SHARE * n_words:
            break
    is_too_much = count_words(body[:end]) > MAX_OPENING_SHARE * n_words
    return "" if is_too_much else body[:end]


def _cut(text: str, n_words: int) -> str:
    words = text.split()
    return text if len(words) <= n_words else " ".join(words[:n_words]) + " …"


def _detected(text: str) -> str | None:
    language, confidence = detect_language(text)
    return language if confidence >= MIN_CONFIDENCE and language in ISO_CODES else None
