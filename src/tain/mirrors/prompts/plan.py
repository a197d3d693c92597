"""From a human text to what is asked of a generator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tain.core.example import Example
from tain.mirrors.domains import template_name
from tain.mirrors.prompts.material import Material, material_of
from tain.mirrors.prompts.rendering import MATERIAL
from tain.mirrors.prompts.template_file import ASK
from tain.mirrors.prompts.templates import Template, Templates, load_templates
from tain.mirrors.prompts.topic import read_topic
from tain.mirrors.prompts.variants import VARIANTS, Variant, check_variants
from tain.mirrors.prompts.wording import Wording, stable_hash, variables_of
from tain.mirrors.request import Message, Step

MIN_CONTINUED_SENTENCES = 3


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
    ordered = sorted(usable, key=lambda variant: stable_hash(plan.seed, example.id, attempt, variant))
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
    wording = Wording(template, (plan.seed, example.id, attempt, variant, step))
    variables = variables_of(material) | dict(topic or {})
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
