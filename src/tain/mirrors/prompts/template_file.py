"""One file of prompt templates, checked part by part."""

from __future__ import annotations

import tomllib
from typing import Any

from jinja2 import TemplateError

from tain.core.errors import ConfigError
from tain.mirrors.prompts.rendering import VARIABLES, names_in
from tain.mirrors.prompts.variants import VARIANTS

LISTS = ("kinds", "advice", "domains")
SECTIONS = ("system", "rules", *VARIANTS)
PHRASINGS = "phrasings"
ASK = "ask"
NEEDED = ("kinds", "advice", *SECTIONS, ASK)


def read_template(place: str, text: str) -> dict[str, Any]:
    """The parts of one file, each phrasing checked; parts that it leaves out are absent.

    Args:
        place: Its path, for errors.
        text: Its contents.

    Raises:
        ConfigError: If it is no template; names file, part and what is wrong.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{place}: no valid TOML ({error}).") from error
    if unknown := sorted(set(raw) - {"version", *LISTS, *SECTIONS}):
        raise ConfigError(f"{place}: unknown {', '.join(unknown)}; expected version, {', '.join((*LISTS, *SECTIONS))}.")
    if type(raw.get("version")) is not int:
        raise ConfigError(
            f"{place}: version is {raw.get('version')!r}; expected a whole number, raised with each change."
        )
    parts: dict[str, Any] = {"version": raw["version"]}
    parts |= {key: _strings(place, key, raw[key]) for key in LISTS if key in raw}
    for key in SECTIONS:
        parts |= _section(place, key, raw[key]) if key in raw else {}
    return parts


def _section(place: str, key: str, raw: object) -> dict[str, tuple[str, ...]]:
    allowed = {PHRASINGS, ASK} if key == "from_topic" else {PHRASINGS}
    if not isinstance(raw, dict) or not raw or set(raw) - allowed:
        raise ConfigError(f"{place}: [{key}] is {raw!r}; expected a table with {' and '.join(sorted(allowed))}.")
    found = {name: _strings(place, f"{key}.{name}", raw[name]) for name in raw}
    for name, phrasings in found.items():
        for number, phrasing in enumerate(phrasings, start=1):
            _check(f"{place}: [{key}] {name} {number}", phrasing)
    return {ASK if name == ASK else key: phrasings for name, phrasings in found.items()}


def _strings(place: str, key: str, raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw or not all(isinstance(each, str) for each in raw):
        raise ConfigError(f"{place}: {key} is {raw!r}; expected a list of one text or more.")
    return tuple(raw)


def _check(place: str, phrasing: str) -> None:
    try:
        names = names_in(phrasing)
    except TemplateError as error:
        raise ConfigError(f"{place}: no valid Jinja ({error}).") from error
    if unknown := sorted(names - VARIABLES):
        raise ConfigError(f"{place}: unknown {', '.join(unknown)}; expected some of {', '.join(sorted(VARIABLES))}.")
