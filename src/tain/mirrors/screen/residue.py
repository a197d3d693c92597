"""What was left to fill in, and marks that no reader of the parent saw."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tain.mirrors.screen.rejection import Rejection

_TO_FILL_IN = (
    r"(?:your|my|insert|enter|add|company|customer|recipient|sender|first|last|full|name|date|city|state|country|"
    r"address|phone|e-?mail|title|topic|author|university|school|institution|product|restaurant|job|position|"
    r"ihr|dein|vorname|nachname|firma|datum|ort|nom|prénom|votre|entreprise|ville|tu|su|nombre|apellido|empresa|fecha|"
    r"ciudad|nome|cognome|azienda|data|cidade|imię|nazwisko|имя|фамилия|дата|город|ім['’]я|姓名|名字|日期|公司|氏名|名前|"
    r"日付|이름|회사|날짜)"
)
_PLACEHOLDERS = {
    "a bracket to fill in": re.compile(rf"\[\s*{_TO_FILL_IN}\b[^\]\n]{{0,60}}\](?!\()", re.IGNORECASE),
    "an angle to fill in": re.compile(rf"<\s*{_TO_FILL_IN}\b[\w\s'’-]{{0,40}}>(?!.*</)", re.IGNORECASE),
    "a variable": re.compile(
        r"\{\{\s*[a-z_][\w. |]{0,40}\}\}|(?<![\w$\\{^])\{[a-z]{3,20}(?:[_ ][a-z]{1,20}){0,3}\}(?!\})"
    ),
    "Lorem ipsum": re.compile(r"\blorem ipsum\b", re.IGNORECASE),
    # Chapter XXX and Super Bowl XXX are thirty, and xxx are kisses.
    "XXX": re.compile(r"\bX{4,}\b|(?:\b[a-z]+ |^|[(\"“])XXX\b|\bXX?/XX?/[X\d]+|\$X{2,}\b|\bxxx[-@.]xxx", re.MULTILINE),
    "a note to fill in": re.compile(r"\b(?:TODO|TBD|FIXME|INSERT [A-Z]+ HERE)\b"),
    "a gap": re.compile(r"[^\s_][ \t]?_{4,}|_{4,}[ \t]?[^\s_]"),
}
_MARKUP = {
    "a heading": re.compile(r"^#{1,6} \S", re.MULTILINE),
    "bold": re.compile(r"(?<![\w*])\*\*[^*\s][^*\n]{0,200}\*\*(?!\w)"),
    "a code fence": re.compile(r"^\s{0,3}(?:```|~~~)", re.MULTILINE),
    "a chat template's mark": re.compile(
        r"<\|[\w ]{1,40}\|>|\[/?INST\]|</?s>|<<SYS>>|</?think>|<(?:start|end)_of_turn>"
    ),
}
_CODE_HAS = ("a heading", "bold")


def find_placeholder(parent: str, text: str) -> Iterator[Rejection]:
    """A rejection for each kind of gap that the parent has not."""
    for name, found in _only_here(_PLACEHOLDERS, parent, text):
        yield Rejection("placeholder", f"{name}: {found}")


def find_markup(parent: str, text: str, *, is_prose: bool) -> Iterator[Rejection]:
    """A rejection for each kind of mark that the parent has not; in code, stars and hashes are no marks."""
    kinds = {name: pattern for name, pattern in _MARKUP.items() if is_prose or name not in _CODE_HAS}
    for name, found in _only_here(kinds, parent, text):
        yield Rejection("markup", f"{name}: {found}")


def _only_here(kinds: dict[str, re.Pattern[str]], parent: str, text: str) -> Iterator[tuple[str, str]]:
    for name, pattern in kinds.items():
        if (found := pattern.search(text)) and not pattern.search(parent):
            yield name, " ".join(found.group().split())[:60]
