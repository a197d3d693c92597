"""A model that talks to its user: openers, closers, talk about itself, refusals.

What the parent does too is its form and gives nothing away; an answer on a help page may well end in "I hope this
helps". So each rule asks the parent as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tain.mirrors.screen.phrases import phrases
from tain.mirrors.screen.rejection import Rejection

TAIL_CHARS = 500
Find = Callable[[str], re.Match[str] | None]


def find_refusal(parent: str, text: str, finish_reason: str | None) -> Iterator[Rejection]:
    """A rejection where the model, or a filter of the endpoint, declined."""
    if finish_reason == "content_filter":
        yield Rejection("refusal", "finish reason content_filter")
    elif found := _only_here(parent, text, phrases().refusal.match):
        yield Rejection("refusal", _shown(found))


def find_chat(parent: str, text: str, *, are_polite_closers_allowed: bool = False) -> Iterator[Rejection]:
    """A rejection for each kind of talk to the user.

    Args:
        parent: The human text.
        text: Its mirror.
        are_polite_closers_allowed: People end this kind of text, such as e-mail, in "I hope this helps" too.
    """
    known = phrases()
    kinds: list[tuple[str, Find]] = [
        ("opens with", known.opener.match),
        ("offers", lambda each: known.offer.search(each[-TAIL_CHARS:])),
        ("speaks of itself", known.self_talk.search),
    ]
    if not are_polite_closers_allowed:
        kinds.append(("closes with", lambda each: known.polite.search(each[-TAIL_CHARS:])))
    for name, find in kinds:
        if found := _only_here(parent, text.strip(), find):
            yield Rejection("chat", f"{name} {_shown(found)}")


def _only_here(parent: str, text: str, find: Find) -> str | None:
    found = find(text)
    return None if found is None or find(parent.strip()) else found.group()


def _shown(found: str) -> str:
    flat = " ".join(found.split())
    return f"“{flat if len(flat) <= 80 else flat[:79] + '…'}”"
