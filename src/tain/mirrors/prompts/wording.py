"""Which phrasings a prompt takes, and what they are filled in with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tain.mirrors.prompts.material import Material
from tain.mirrors.prompts.rendering import render
from tain.mirrors.prompts.templates import Template
from tain.mirrors.request import Message, Role


@dataclass(frozen=True, slots=True)
class Wording:
    """The phrasings of a template that one prompt takes.

    Attributes:
        template: For this kind of text.
        salt: What the choices follow from.
    """

    template: Template
    salt: tuple[object, ...]

    def messages(self, part: str, variables: Mapping[str, Any]) -> tuple[Message, ...]:
        """The conversation: a system message, where the chosen phrasing is not empty, and what is asked.

        Args:
            part: A variant, or `ask` for the topic.
            variables: What the phrasings are filled in with.
        """
        template = self.template
        kind, advice = self._chosen("kind", template.kinds), self._chosen("advice", template.advice)
        known = {**variables, "kind": kind, "advice": advice, "rules": ""}
        known["rules"] = render(self._phrasing("rules"), known)
        system, asked = render(self._phrasing("system"), known), render(self._phrasing(part), known)
        turns: list[tuple[Role, str]] = [("system", system), ("user", asked)]
        return tuple(Message(role, content) for role, content in turns if content)

    def _phrasing(self, part: str) -> str:
        return self._chosen(part, self.template.phrasings[part])

    def _chosen(self, part: str, among: Sequence[str]) -> str:
        return among[stable_hash(*self.salt, part) % len(among)]


def variables_of(material: Material) -> dict[str, Any]:
    """What phrasings are filled in with; no topic yet.

    Args:
        material: What is known of the human text.
    """
    form = material.form
    return {
        "text": material.example.text.strip(),
        "title": material.title or "",
        "first_sentence": material.first_sentence,
        "opening": material.opening,
        "n_words": form.n_words,
        "n_sentences": form.n_sentences,
        "n_paragraphs": form.n_paragraphs,
        "unit": form.unit,
        "length": form.length,
        "form": form.sentence,
        "has_list": form.has_list,
        "has_title_line": material.has_title_line,
        "person": form.person,
        "tense": form.tense,
        "language": material.language_name,
        "topic": "",
        "topic_form": "",
    }


def stable_hash(*parts: object) -> int:
    """A number that follows from these parts alone, on every machine."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
