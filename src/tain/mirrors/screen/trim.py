"""What may be taken off an answer without touching the text in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_THOUGHT = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>\s*", re.DOTALL | re.IGNORECASE)
_TAGS = re.compile(r"\A\s*<(text|answer|output)>\s*(.*?)\s*</\1>\s*\Z", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"\A\s*(```|~~~)[\w+-]*[ \t]*\n(.*?)\n?\s*\1\s*\Z", re.DOTALL)
_RULE_ABOVE = re.compile(r"\A\s*(?:-{3,}|\*{3,}|_{3,}|={3,})[ \t]*\n+(?=\S)")
_RULE_BELOW = re.compile(r"(?<=\S)\s*\n[ \t]*(?:-{3,}|\*{3,}|_{3,}|={3,})\s*\Z")
_TITLE = (
    r"(?:title|headline|subject|titel|überschrift|betreff|titre|objet|título|asunto|titolo|oggetto|assunto|tytuł|"
    r"заголовок|название|тема|назва|заглавие|başlık|judul|标题|標題|题目|タイトル|件名|제목|العنوان|शीर्षक|عنوان)"
)
_TITLE_LINE = re.compile(rf"\A\s*[*_#]{{0,4}}\s*{_TITLE}\s*[*_]{{0,3}}\s*[:：][^\n]{{1,200}}\n+(?=\S)", re.IGNORECASE)
_HEADING_LINE = re.compile(r"\A\s*(?:#{1,6} [^\n]{1,200}|\*\*[^*\n]{1,200}\*\*)\s*\n+(?=\S)")
_LABEL = re.compile(
    r"\A\s*[*_#]{0,4}(?:(?:rewritten |rephrased |paraphrased |revised |new )?"
    r"(?:text|essay|review|article|abstract|passage)|(?:[\w-]+ ){0,2}version"
    r"|continuation|rewrite|answer|text|fortsetzung|antwort|suite|réponse|texto|respuesta|resposta|testo|risposta)"
    r"[*_]{0,3}\s*:[*_]{0,3}\s*(?=\S)",
    re.IGNORECASE,
)
Step = Callable[[str], str]
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "「": "」", "『": "』"}


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A text without what stood around it.

    Attributes:
        text: What is left, without white space at either end.
        removed: What was taken off, in order: `thought`, `tags`, `rule`, `fence`, `quotes`, `title`,
            `label`.
    """

    text: str
    removed: tuple[str, ...] = ()


def trim(text: str, *, parent: str = "") -> Trimmed:
    """The text in an answer: without thoughts before it, quotes or a fence around it, a title or label over it.

    Only what is no part of the text goes, and nothing of a kind that the parent has too. Talk such as "Sure, here is"
    stays, for the screen to see: who writes it may have written the rest in the same voice.

    Args:
        text: As the model gave it.
        parent: The human text.
    """
    steps = [(name, step) for name, step in _STEPS if step(parent.strip()) == parent.strip()]
    now, removed = text.strip(), list[str]()
    while True:
        for name, step in steps:
            if (left := step(now).strip()) != now and left:
                now, removed = left, [*removed, name]
                break
        else:
            return Trimmed(now, tuple(removed))


def _cut(pattern: re.Pattern[str]) -> Step:
    return lambda text: pattern.sub("", text, count=1)


def _inside(pattern: re.Pattern[str]) -> Step:
    return lambda text: pattern.sub(lambda match: match.group(2), text)


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    close = _QUOTES.get(text[:1])
    is_whole = close is not None and len(text) > 2 and text[-1] == close and close not in inner and text[0] not in inner
    return inner if is_whole else text


_STEPS: tuple[tuple[str, Step], ...] = (
    ("thought", _cut(_THOUGHT)),
    ("tags", _inside(_TAGS)),
    ("rule", _cut(_RULE_ABOVE)),
    ("rule", _cut(_RULE_BELOW)),
    ("fence", _inside(_FENCE)),
    ("quotes", _unquoted),
    ("title", _cut(_TITLE_LINE)),
    ("title", _cut(_HEADING_LINE)),
    ("label", _cut(_LABEL)),
)
