"""Prompt templates: read from files, checked when they are read, overridable by files of the user."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from tain.core.errors import ConfigError
from tain.mirrors.domains import GENERAL, TABLE, plain_name
from tain.mirrors.prompts.template_file import ASK, NEEDED, SECTIONS, read_template


@dataclass(frozen=True, slots=True)
class Template:
    """The prompts for one kind of text.

    Attributes:
        name: Of its file.
        version: As its file says, and the beginning of a hash of all that it is made of.
        kinds: What such a text is called, with an article.
        advice: Sentences on how people write it; may be empty ones.
        domains: Domains and sources that its file claims for it, before the table is asked.
        phrasings: For `system`, `rules`, each variant, and `ask` for the topic: ways to say it.
    """

    name: str
    version: str
    kinds: tuple[str, ...]
    advice: tuple[str, ...]
    domains: tuple[str, ...]
    phrasings: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Templates:
    """All templates at hand.

    Attributes:
        by_name: One for each kind of text, the general one among them.
    """

    by_name: Mapping[str, Template]

    @property
    def table(self) -> dict[str, str]:
        """Template names by domain and source."""
        own = {domain: name for name, template in self.by_name.items() for domain in template.domains}
        return {**TABLE, **own}

    def get(self, name: str) -> Template:
        """A template by its name.

        Raises:
            ConfigError: If there is none.
        """
        if name not in self.by_name:
            raise ConfigError(f"There is no prompt template {name!r}; expected one of {sorted(self.by_name)}.")
        return self.by_name[name]


def load_templates(folder: Path | None = None) -> Templates:
    """The templates that ship, and those of a folder in place of or beside them.

    A file says only what differs: what it leaves out comes from `general.toml`.

    Args:
        folder: Of the user, with files `<name>.toml`; None takes what ships.

    Raises:
        ConfigError: If a file is no template; names file, part and what is wrong.
    """
    sources = dict(_shipped())
    if folder is not None:
        own = sorted(folder.glob("*.toml"))
        if not own:
            raise ConfigError(f"--templates {folder}: no *.toml file there; expected templates such as essay.toml.")
        sources |= {path.stem: (str(path), _text(path)) for path in own}
    place, text = sources[GENERAL]
    general = read_template(place, text)
    if missing := [name for name in NEEDED if name not in general]:
        raise ConfigError(f"{place}: the general template lacks {', '.join(missing)}; all others fall back on it.")
    return Templates({name: _build(name, source, general, text) for name, source in sources.items()})


@cache
def _shipped() -> Mapping[str, tuple[str, str]]:
    folder = files("tain.mirrors").joinpath("templates")
    found = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    return {each.name.removesuffix(".toml"): (each.name, each.read_text(encoding="utf-8")) for each in found}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}). Expected TOML in UTF-8.") from error


def _build(name: str, source: tuple[str, str], general: Mapping[str, Any], general_text: str) -> Template:
    place, text = source
    own = read_template(place, text)
    part = {**general, **own}
    digest = hashlib.sha256(f"{text}\x1f{general_text}".encode()).hexdigest()[:8]
    return Template(
        name=name,
        version=f"{own['version']}-{digest}",
        kinds=part["kinds"],
        advice=part["advice"],
        domains=tuple(map(plain_name, own.get("domains", ()))),
        phrasings={key: part[key] for key in (*SECTIONS, ASK)},
    )
