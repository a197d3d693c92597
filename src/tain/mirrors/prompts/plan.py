"""From a human text to what is asked of a generator."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tain.core.example import Example
from tain.mirrors.domains import template_name
from tain.mirrors.prompts.material import Material, material_of
from tain.mirrors.prompts.rendering import MATERIAL, render
from tain.mirrors.prompts.template_file import ASK
from tain.mirrors.prompts.templates import Template, Templates, load_templates
from tain.mirrors.prompts.variants import VARIANTS, Variant, check_variants
from tain.mirrors.request import Message, Role, Step
from tain.mirrors.words import ends_sentence

MIN_CONTINUED_SENTENCES = 3
_TOPIC = re.compile(r"^\W*topic\W*?[:：]\W*?(.+?)\s*(?=^\W*form\W*?[:：]|\Z)", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_FORM = re.compile(r"^\W*form\W*?[:：]\s*(.+)", re.IGNORECASE | re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked about one human text.

    Attributes:
        parent_id: The human text.
        group: Of the parent, or its id.
        template: Name of the template.
        template_version: Version in its file, and the beginning of a hash of what it is made of.
        variant: The way of asking.
        step: `topic` where the answer is the topic for `write_from_topic`; `text` where it is the mirror.
        messages: The conversation.
        instructions: The same without what came from the parent: what no mirror may repeat.
        n_words: Words of the parent, or characters in scripts without spaces.
        language: ISO 639-1; None where nobody knows.
    """

    parent_id: str
    group: str
    template: str
    template_version: str
    variant: Variant
    step: Step
    messages: tuple[Message, ...]
    instructions: str
    n_words: int
    language: str | None


@dataclass(frozen=True, slots=True)
class PromptPlan:
    """How prompts are chosen; the same plan always gives the same text the same prompts.

    Attributes:
        variants: Those to choose from, evenly.
        seed: Of the choices.
        templates: What to say.
        overrides: Template names by domain or source, before the table is asked; `*` for all others.
    """

    variants: Sequence[str] = VARIANTS
    seed: int = 0
    templates: Templates = field(default_factory=load_templates)
    overrides: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse unknown variants and templates before anything is asked."""
        check_variants(self.variants)
        for name in self.overrides.values():
            self.templates.get(name)

    def template_of(self, example: Example) -> Template:
        """The template for a text."""
        name = template_name(example, overrides=self.overrides, table=self.templates.table)
        return self.templates.get(name)


def plan_prompts(
    example: Example, plan: PromptPlan, *, n: int = 1, attempt: int = 0, title: str | None = None
) -> tuple[Prompt, ...]:
    """The prompts for the mirrors of one text, each of another variant.

    Variant and phrasing follow from a hash of seed, parent id and attempt, so that rows may come in any order, a second
    run asks the same, and another attempt asks otherwise.

    Args:
        example: Human.
        plan: How to choose.
        n: Mirrors wanted; fewer come back where fewer variants suit the text.
        attempt: Mirrors of this text that were turned down before.
        title: Of the text, where it is known; None looks for one in its first line.
    """
    material = material_of(example, title=title)
    suited = [variant for variant in check_variants(plan.variants) if _suits(variant, material)]
    # from_topic suits every text, and is what stands in where nothing else that was asked for does.
    usable: list[Variant] = suited or ["from_topic"]
    ordered = sorted(usable, key=lambda variant: _hash(plan.seed, example.id, attempt, variant))
    return tuple(_prompt(variant, material, plan, attempt) for variant in ordered[:n])


def write_from_topic(
    example: Example, topic: str, plan: PromptPlan, *, attempt: int = 0, title: str | None = None
) -> Prompt:
    """The second prompt of `from_topic`, which shows nothing of the human text itself.

    Args:
        example: Human.
        topic: What the first prompt was answered; lines "Topic:" and "Form:", or anything.
        plan: As for the first.
        attempt: As for the first.
        title: As for the first.
    """
    topic_text, topic_form = read_topic(topic)
    given = {"topic": topic_text, "topic_form": topic_form}
    return _prompt("from_topic", material_of(example, title=title), plan, attempt, given)


def read_topic(answer: str) -> tuple[str, str]:
    """The topic and the form in an answer; all of it and nothing where it is not in lines.

    Args:
        answer: To the first prompt of `from_topic`.
    """
    topic, form = _TOPIC.search(answer), _FORM.search(answer)
    if topic is None:
        return _stopped(answer), ""
    return _stopped(topic.group(1)), _stopped(form.group(1)) if form else ""


def _stopped(text: str) -> str:
    flat = " ".join(text.split()).strip("* ")
    return flat if not flat or ends_sentence(flat) else f"{flat}."


def _suits(variant: Variant, material: Material) -> bool:
    if variant == "from_title":
        return material.title is not None
    if variant == "continue":
        return bool(material.opening) and material.form.n_sentences >= MIN_CONTINUED_SENTENCES
    return variant != "from_opening" or material.form.n_sentences > 1


def _prompt(
    variant: Variant, material: Material, plan: PromptPlan, attempt: int, topic: Mapping[str, str] | None = None
) -> Prompt:
    example, template = material.example, plan.template_of(material.example)
    step: Step = "topic" if variant == "from_topic" and topic is None else "text"
    wording = _Wording(template, (plan.seed, example.id, attempt, variant, step))
    variables = {**_variables(material), "topic": "", "topic_form": "", **(topic or {})}
    bare = variables | dict.fromkeys(MATERIAL, "")
    part = ASK if step == "topic" else variant
    messages = wording.messages(part, variables)
    return Prompt(
        parent_id=example.id,
        group=example.group or example.id,
        template=template.name,
        template_version=template.version,
        variant=variant,
        step=step,
        messages=messages,
        instructions="\n\n".join(message.content for message in wording.messages(part, bare)),
        n_words=material.form.n_words,
        language=material.language,
    )


@dataclass(frozen=True, slots=True)
class _Wording:
    """The phrasings of a template that one prompt takes."""

    template: Template
    salt: tuple[object, ...]

    def messages(self, part: str, variables: Mapping[str, Any]) -> tuple[Message, ...]:
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
        return among[_hash(*self.salt, part) % len(among)]


def _variables(material: Material) -> dict[str, Any]:
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
    }


def _hash(*parts: object) -> int:
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
