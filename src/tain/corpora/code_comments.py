"""Comments taken out of source code, and nothing else: what looks like one inside a string stays.

For the ablation "without comments" of CodeT5-Authorship (arXiv:2506.17323). One pass over the tokens that can hide the
start of a comment, so that code which does not compile is read as far as it goes: a string without an end ends with
its line, a block comment without an end with the text. Code inside a template literal's `${...}` or an f-string counts
as string, and a regular expression of JavaScript is known as one only where a value may begin.
"""

from __future__ import annotations

import re
from typing import Literal

from tain.core.errors import ConfigError

Language = Literal["c", "c++", "java", "javascript", "python"]

_QUOTED = r'"(?:\\[\s\S]|[^"\\\n])*(?:"|(?=\n)|\Z)' + r"|'(?:\\[\s\S]|[^'\\\n])*(?:'|(?=\n)|\Z)"
_COMMENT = r"(?P<comment>//(?:\\\r?\n|[^\r\n])*|/\*[\s\S]*?(?:\*/|\Z))"
_WORD = r"\d(?:'?\w)*|[A-Za-z_$][\w$]*"  # 1'000'000 is a number of C++, and no quote
_RAW = r'(?:u8|[uUL])?R"(?P<mark>[^()\\\s"]{0,16})\([\s\S]*?(?:\)(?P=mark)"|\Z)'
_TRIPLE = r'"""(?:\\[\s\S]|[^\\])*?(?:"""|\Z)'
_SINGLE_TRIPLE = r"'''(?:\\[\s\S]|[^\\])*?(?:'''|\Z)"
_TEMPLATE = r"`(?:\\[\s\S]|[^`\\])*(?:`|\Z)"
# A slash begins a regular expression where a value may begin, and divides elsewhere.
_BEFORE_VALUE = r"(?:(?<=[(,=:\[!&|?{};+\n])|(?<=\breturn)|\A)[ \t]*"
_REGEX = _BEFORE_VALUE + r"/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/"
_HASH = r"(?P<comment>\#[^\r\n]*)"

_TOKENS: dict[str, re.Pattern[str]] = {
    "c": re.compile(f"{_COMMENT}|{_QUOTED}|{_WORD}"),
    "c++": re.compile(f"{_COMMENT}|{_RAW}|{_QUOTED}|{_WORD}"),
    "java": re.compile(f"{_COMMENT}|{_TRIPLE}|{_QUOTED}|{_WORD}"),
    "javascript": re.compile(f"{_COMMENT}|{_REGEX}|{_TEMPLATE}|{_QUOTED}|{_WORD}"),
    "python": re.compile(f"{_HASH}|{_TRIPLE}|{_SINGLE_TRIPLE}|{_QUOTED}"),
}


def strip_comments(code: str, language: Language) -> str:
    """Source code without comments.

    A comment between two tokens becomes one space, as the C standard has it; a line that held only comments goes
    whole; other lines lose the blanks before a comment at their end. Strings stay as they are, and so do docstrings.

    Args:
        code: Source text.
        language: What it is written in.

    Raises:
        ConfigError: If the language is not one of ours.
    """
    if language not in _TOKENS:
        raise ConfigError(f"language is {language!r}. Expected one of {', '.join(_TOKENS)}.")
    hole = _unused(code)
    marked = _TOKENS[language].sub(lambda found: hole if found["comment"] else found[0], code)
    lines = re.findall(r"[^\n]*\n|[^\n]+", marked)
    return "".join(_closed(line, hole) if hole in line else line for line in lines)


def _closed(line: str, hole: str) -> str:
    """A line without its holes; nothing of it if there was nothing else."""
    text = line.rstrip("\r\n")
    if not text.replace(hole, "").strip(" \t"):
        return ""
    first, *rest = re.split(rf"[ \t]*{hole}[ \t{hole}]*", text)
    if not first:
        first = text[: len(text) - len(text.lstrip(" \t"))] + rest.pop(0)  # the indentation stays
    return " ".join([first, *rest]).rstrip(" \t") + line[len(text) :]


def _unused(code: str) -> str:
    """A character that the code does not hold, of those that mean nothing by themselves."""
    return next(character for character in map(chr, range(0xE000, 0xF900)) if character not in code)
