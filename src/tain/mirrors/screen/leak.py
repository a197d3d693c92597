"""A text that repeats or mentions what the model was told."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tain.mirrors.screen.copies import longest_run
from tain.mirrors.screen.rejection import Rejection
from tain.mirrors.words import tokens

_MENTIONS = re.compile(
    r"</?(?:text|opening|topic|sample|first_sentence)>"
    r"|\b(?:text|passage|title|topic|prompt|excerpt|essay|article|review|sentence|opening) (?:that )?you"
    r"(?:['’]ve| have)? (?:provided|gave|shared|given|supplied|submitted|sent)\b"
    r"|(?:\A|[.!?]\s+)as (?:you |per your )?(?:requested|instructed)(?: in the prompt)?,"
    r"|\b(?:the|this|your) (?:writing )?(?:prompt|instructions?) (?:asks?|says?|states?|requires?|specif\w+)\b"
    r"|\b(?:rewritten|rephrased|paraphrased|revised) (?:text|version|passage|essay|review|article|abstract)\s*:"
    r"|\bthe original (?:text|passage)\b"
    r"|\A\W*(?:(?:writing )?prompt\W{0,3}:"
    r"|in this (?:[\w-]+ ){0,3}(?:review|text|passage), the (?:author|reviewer|writer)\b)"
    r"|\A\W*(?:the|this) (?:passage|excerpt|text|reviewer|review) (?:\w+ly )?(?:discusses|describes|explores|recounts|"
    r"explains|talks|highlights|details|summari[sz]es|praises|outlines|presents|is about)\b",
    re.IGNORECASE,
)


def find_leak(parent: str, text: str, instructions: str, *, max_run: int) -> Iterator[Rejection]:
    """A rejection where a text repeats its instructions, or speaks of them and the parent does not.

    Args:
        parent: The human text.
        text: Its mirror.
        instructions: What the model was told, without what came from the parent; may be empty.
        max_run: Words in a row that are no leak yet.
    """
    mention = _MENTIONS.search(text)
    if mention and not _MENTIONS.search(parent):
        yield Rejection("prompt_leak", f"speaks of the instructions: “{' '.join(mention.group().split())}”")
    run = longest_run(tokens(text), tokens(instructions))
    # What the parent says too, such as the name of its subject, came from there.
    if len(run) > max_run and len(longest_run(run, tokens(parent))) < len(run):
        yield Rejection(
            "prompt_leak", f"repeats {len(run)} words of the instructions (at most {max_run}): {_shown(run)}"
        )


def _shown(run: tuple[str, ...]) -> str:
    return f"“{' '.join(run[:12])}{'…' if len(run) > 12 else ''}”"
