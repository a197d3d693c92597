"""The phrases of chat models, read from `phrases.toml` and compiled."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_NEVER = re.compile(r"(?!)")
_MARKS = r"[\s\"“”„«»'‘’*_#>（(\[-]*"
_COLON = r"[*_\"”»]{0,3}\s*[:：][*_]{0,3}"
_SENTENCE_START = r"(?:\A|(?<=[.!?…。！？।؟۔\n)\]*\"”」])|(?<=\n\w))\s*[*_(\[¡¿-]{0,3}"
_TO_THE_END = r"[^.!?。！？।؟۔\n]{0,250}[\W_]*(?:\d+\W*)?\Z"


@dataclass(frozen=True, slots=True)
class Phrases:
    """What gives a chat model away, in every language known.

    Attributes:
        opener: Matches at the start of a text.
        polite: Searched for; ends the text. People say it too.
        offer: Searched for; ends the text. Only an assistant says it.
        self_talk: Searched for anywhere.
        refusal: Matches at the start of a text.
    """

    opener: re.Pattern[str]
    polite: re.Pattern[str]
    offer: re.Pattern[str]
    self_talk: re.Pattern[str]
    refusal: re.Pattern[str]


@cache
def phrases() -> Phrases:
    """All phrases, compiled once."""
    text = files("tain.mirrors.screen").joinpath("phrases.toml").read_text(encoding="utf-8")
    languages: list[dict[str, list[str]]] = list(tomllib.loads(text).values())

    def kind(name: str) -> list[str]:
        return [pattern for language in languages for pattern in language.get(name, ())]

    announced = [rf"{pattern}{_COLON}" for pattern in kind("announce")]
    announced += [rf"{pattern}{_COLON}\s*\n" for pattern in kind("announce_line")]
    return Phrases(
        opener=_compile(kind("opener") + announced, before=_MARKS),
        polite=_compile(kind("polite"), before=_SENTENCE_START, after=_TO_THE_END),
        offer=_compile(kind("offer"), before=_SENTENCE_START, after=_TO_THE_END),
        self_talk=_compile(kind("self")),
        refusal=_compile(kind("refusal"), before=_MARKS),
    )


def _compile(patterns: Iterable[str], *, before: str = "", after: str = "") -> re.Pattern[str]:
    either = "|".join(f"(?:{pattern})" for pattern in patterns)
    return re.compile(f"{before}(?:{either}){after}", re.IGNORECASE) if either else _NEVER
