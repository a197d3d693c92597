"""Jinja, in its sandbox: a template of a stranger can read what it is given and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import SandboxedEnvironment

from tain.core.errors import ConfigError, sample

VARIABLES = frozenset(
    [
        "text",
        "title",
        "first_sentence",
        "opening",
        "topic",
        "topic_form",
        "n_words",
        "n_sentences",
        "n_paragraphs",
        "unit",
        "length",
        "form",
        "has_list",
        "has_title_line",
        "person",
        "tense",
        "language",
        "kind",
        "advice",
        "rules",
    ]
)
"""What a template may ask for."""

MATERIAL = ("text", "title", "first_sentence", "opening", "topic", "topic_form")
"""Those that hold words of the parent, or about it."""

_NO_MARKS = {1: None, 2: None}
_START, _END = "\x01", "\x02"
_FILLED_OR_GAP = re.compile(rf"{_START}[^{_END}]*{_END}|[ \n]{{2,}}|\n")


def _marked(value: object) -> str:
    text = "" if value is None else str(value)
    return f"{_START}{text.translate(_NO_MARKS)}{_END}" if text else ""


def _environment() -> SandboxedEnvironment:
    made = SandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False, finalize=_marked
    )
    # Jinja's own also makes the rest small.
    made.filters["capitalize"] = lambda text: text[:1].upper() + text[1:]
    return made


_ENVIRONMENT = _environment()


def names_in(phrasing: str) -> set[str]:
    """The variables that a phrasing asks for.

    Raises:
        TemplateError: If it is no valid Jinja.
    """
    _ENVIRONMENT.from_string(phrasing)
    return meta.find_undeclared_variables(_ENVIRONMENT.parse(phrasing))


@lru_cache(maxsize=1024)  # compiling takes milliseconds, and the same few phrasings serve every text
def _compiled(phrasing: str) -> Template:
    return _ENVIRONMENT.from_string(phrasing)


def render(phrasing: str, variables: Mapping[str, Any]) -> str:
    """A phrasing filled in, without the gaps that absent parts leave; what was filled in stays as it is.

    Args:
        phrasing: Jinja.
        variables: A value for each of `VARIABLES`.

    Raises:
        ConfigError: If the phrasing does what the sandbox forbids, or asks for what its variables do not have.
    """
    try:
        filled = _compiled(phrasing).render(variables)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise ConfigError(
            f"Prompt template: {sample(phrasing)!r} cannot be filled in ({error}). It may use "
            f"{', '.join(sorted(VARIABLES))} and the filters of Jinja."
        ) from error
    return _FILLED_OR_GAP.sub(_tidy, filled).strip()


def _tidy(match: re.Match[str]) -> str:
    found = match.group()
    if found[0] == _START:
        return found[1:-1]
    return "\n\n" if found.count("\n") > 1 else "\n" if "\n" in found else " "
