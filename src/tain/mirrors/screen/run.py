"""The screen: every rule asked of one answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from tain.core.example import Example
from tain.mirrors.domains import CODE, POLITE, template_name
from tain.mirrors.screen import measures
from tain.mirrors.screen.chat import find_chat, find_refusal
from tain.mirrors.screen.leak import find_leak
from tain.mirrors.screen.rejection import Rejection, Rules
from tain.mirrors.screen.residue import find_markup, find_placeholder
from tain.mirrors.screen.seen import SeenMirrors

STANDARD = Rules()
MAX_TOPIC_WORDS = 150
MAX_TOPIC_RUN = 8


class Finished(Protocol):
    """What the screen asks of an answer beside its text."""

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped, as the endpoint says it: `stop`, `length`, `content_filter`."""


def screen(
    parent: Example,
    text: str,
    answer: Finished | None = None,
    *,
    rules: Rules = STANDARD,
    variant: str = "",
    template: str | None = None,
    instructions: str = "",
    seen: SeenMirrors | None = None,
) -> tuple[Rejection, ...]:
    """The rules that a mirror breaks, in the order of `reasons()`; none for a good one.

    What the parent does too is never held against its mirror. Call `trim` first, and screen what it leaves.

    Args:
        parent: The human text.
        text: Its mirror.
        answer: Where the text comes from; None for a recorded one, of whose end nothing is known.
        rules: The limits.
        variant: How it was asked for: `rewrite` and `continue` may repeat more of the parent.
        template: The template that asked; None takes the one of the parent's domain. It says what is usual: code ends
            no sentence, and e-mail may close in "Let me know if you have questions".
        instructions: What the model was told, without what came from the parent.
        seen: The mirrors accepted so far.
    """
    finish_reason = answer.finish_reason if answer is not None else None
    kind = template_name(parent) if template is None else template
    found = [*find_refusal(parent.text, text, finish_reason)]
    if text.strip():
        found += _written(parent, text, kind, finish_reason, rules)
        found += find_leak(parent.text, text, instructions, max_run=rules.max_leak)
        found += measures.find_copy(parent.text, text, rules.copying_of(variant, kind))
        found += _duplicate(parent, text, seen)
    elif not found:
        found = [Rejection("empty", "no text")]
    return tuple(sorted((each for each in found if each.reason not in rules.left_out), key=lambda each: each.order))


def screen_topic(parent: Example, topic: str, answer: Finished | None = None) -> tuple[Rejection, ...]:
    """What is wrong with the topic that a model read off a text, before a mirror is written from it.

    Args:
        parent: The human text.
        topic: The answer.
        answer: Where it comes from.
    """
    if not topic.strip():
        return (Rejection("empty", "no topic"),)
    found = [*find_refusal(parent.text, topic, answer.finish_reason if answer is not None else None)]
    found += measures.find_run(parent.text, topic, max_run=MAX_TOPIC_RUN)
    found += measures.find_excess(topic, max_words=MAX_TOPIC_WORDS)
    return tuple(found)


def _written(parent: Example, text: str, kind: str, finish_reason: str | None, rules: Rules) -> Iterator[Rejection]:
    is_prose = kind != CODE
    yield from measures.find_cut(parent.text, text, finish_reason, is_prose=is_prose)
    yield from measures.find_length(parent.text, text, rules.length_ratio)
    yield from find_markup(parent.text, text, is_prose=is_prose)
    yield from find_chat(parent.text, text, are_polite_closers_allowed=kind in POLITE)
    if is_prose:
        yield from find_placeholder(parent.text, text)
        yield from measures.find_other_language(parent, text, rules)
        yield from measures.find_repetition(parent.text, text, rules.max_repetition)


def _duplicate(parent: Example, text: str, seen: SeenMirrors | None) -> Iterator[Rejection]:
    owner = seen.owner(text) if seen is not None else None
    if owner is not None and owner != parent.id:
        yield Rejection("duplicate", f"the mirror of {owner} has the same words")
