"""What a chat model says around a text it was asked for: openers, closers, refusals and talk about itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tain.corpora.edits import Edit

_THING = (
    r"(?:texts?|versions?|reviews?|essays?|articles?|abstracts?|paragraphs?|summar(?:y|ies)|stor(?:y|ies)|rewrit\w+|"
    r"rephras\w+|revis\w+|paraphras\w+|polished|responses?|continuations?|drafts?|poems?|passages?|comments?|posts?|"
    r"translations?|sentences?|outlines?|completions?|writing|prompts?|snippets?|code|lists?|abbreviat\w+|answers?|"
    r"examples?)"
)
_YES = (
    r"(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|alright|great|no problem|definitely|got it|understood)"
)
_SHOWN = r"(?:here(?:'s| is| are)|below (?:is|are)|the following (?:is|are))"
_HERE = rf"(?:{_SHOWN}|here (?:you go|goes)|this is|i(?:'ll| will| can|'d be happy| would be happy)|let me)"
_CLAUSE = r"[^.!?:\n]"
_NAMED = rf"{_CLAUSE}{{0,200}}\b{_THING}\b{_CLAUSE}{{0,100}}:"
# "Sure!" alone; "Sure, here's …:"; "Okay, given …, this is the continuation …:"; "Here is a review …:".
_EXCLAIMED = r"(?:sure(?: thing)?|certainly|of course)!"
_ANSWERED = rf"{_YES}[,.!]?\s(?:{_HERE}\b{_CLAUSE}{{0,250}}:|{_CLAUSE}{{0,200}}\b{_HERE}\b{_NAMED})"
_ANNOUNCED = rf"{_SHOWN}\s(?:an?|the|your|my|some|one|\d+)\s{_NAMED}"
_OPENER = re.compile(
    rf"(?:\s*[*\"#>-]*\s*(?:{_ANSWERED}|{_ANNOUNCED}|{_EXCLAIMED})[*\"]{{0,2}}\s*)+(?=\S)", re.IGNORECASE
)
_MAY_OPEN = re.compile(
    r"[\s*\"#>-]{0,10}(?:sure|cert|of c|abso|ok|alri|grea|no p|defi|got|unde|here|belo|the f)", re.IGNORECASE
)

_OFFER = (
    r"(?:i hope (?:this|that|you|it)\b[^.!?]{0,120}\b(?:help|enjoy|useful|find|meets|assist|like)[^.!?]{0,80}"
    r"|(?:please )?(?:let me know|feel free to (?:ask|reach|let|adjust|modify|use|contact|customi[sz]e))\b[^.!?]{0,200}"
    r"|is there anything else\b[^.!?]{0,120}|would you like me to\b[^.!?]{0,200}|do you want me to\b[^.!?]{0,200}"
    r"|\(?(?:approx\w*\.? )?word count:?\s*~?\d+(?: words)?)"
)
_CLOSER = re.compile(rf"(?<=[.!?\"')\]*])\s+{_OFFER}[.!?)]*\s*\Z", re.IGNORECASE)
_CLOSER_CHARS = 700

_TALK = {
    "as an AI": re.compile(r"\bas an? (?:AI|artificial intelligence|(?:large )?language model)\b", re.IGNORECASE),
    "refusal": re.compile(
        r"\bI(?:'m| am) (?:sorry|unable)\b[^.]{0,60}\b(?:can(?:'t|not)|unable|assist|fulfill|comply|generate|provide)"
        r"|\bI (?:cannot|can't|am not able to) (?:fulfill|assist|comply|generate|provide|create|write)\b",
        re.IGNORECASE,
    ),
    "Markdown": re.compile(r"^#{1,6} \S|\*\*[^*\s][^*\n]{0,200}\*\*|^[-*] \S|^```|\]\(https?://", re.MULTILINE),
}


def openers(text: str) -> Iterator[Edit]:
    """An edit that takes off "Sure, here is the essay:" and its like, from a text that goes on after it.

    Only what ends in a colon after announcing a text, or a bare "Sure!", counts: a person may well begin with "Sure,
    I was angry."
    """
    if _MAY_OPEN.match(text) and (match := _OPENER.match(text)):
        yield 0, match.end(), ""


def closers(text: str) -> Iterator[Edit]:
    """An edit that takes off "I hope this helps!" and its like, where it is the very last sentence."""
    end = len(text)
    while match := _CLOSER.search(text, max(0, end - _CLOSER_CHARS), end):
        end = match.start()
    if end < len(text):
        yield end, len(text), ""


def residue(text: str) -> list[str]:
    """The kinds of chat residue that a text shows: opener, closer, "as an AI", refusal, Markdown."""
    found = [name for name, pattern in _TALK.items() if pattern.search(text)]
    if _OPENER.match(text):
        found.append("opener")
    if _CLOSER.search(text, max(0, len(text) - _CLOSER_CHARS)):
        found.append("closer")
    return found
