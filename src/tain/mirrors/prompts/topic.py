"""The answer to the first step of `from_topic`: what a text is about, and of what kind it is."""

from __future__ import annotations

import re

from tain.mirrors.words import ends_sentence

_TOPIC = re.compile(r"^\W*topic\W*?[:：]\W*?(.+?)\s*(?=^\W*form\W*?[:：]|\Z)", re.IGNORECASE | re.MULTILINE | re.DOTALL)
_FORM = re.compile(r"^\W*form\W*?[:：]\s*(.+)", re.IGNORECASE | re.MULTILINE | re.DOTALL)


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
