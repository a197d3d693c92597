"""What a mirror store hands out, and how it is written there."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from tain.core.example import Example
from tain.mirrors.request import Answer, Message, MirrorRequest, Sampling, Usage


@dataclass(frozen=True, slots=True)
class Topic:
    """What an earlier request found a parent to be about, and what was paid for.

    Attributes:
        answer_id: In the store.
        text: Of the answer.
        finish_reason: Of the answer.
        is_judged: It was found good enough to write from.
    """

    answer_id: int
    text: str
    finish_reason: str | None
    is_judged: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A parent that this process may ask for, and no other.

    Attributes:
        parent: The human text.
        attempt: Number of its mirrors that were turned down.
        topic: What it is about, where that was asked for before.
    """

    parent: Example
    attempt: int
    topic: Topic | None = None


@dataclass(frozen=True, slots=True)
class Unjudged:
    """An answer that lies in the store and was not screened yet.

    Attributes:
        answer_id: In the store.
        parent: The human text.
        request: What was asked.
        answer: What came.
    """

    answer_id: int
    parent: Example
    request: MirrorRequest
    answer: Answer


@dataclass(frozen=True, slots=True)
class Accepted:
    """A mirror, with all that is known about how it was made.

    Attributes:
        text: What stands in the answer, without what stood around it.
        parent: The human text.
        request: What was asked.
        answer: What came.
        parent_sha256: Of the text of the parent.
        date: ISO 8601 date of the answer.
    """

    text: str
    parent: Example
    request: MirrorRequest
    answer: Answer
    parent_sha256: str
    date: str


@dataclass(frozen=True, slots=True)
class StoreSummary:
    """Where a store stands, for the parents that this process wants.

    Attributes:
        states: Parents in each state.
        rejections: Answers turned down, by their first reason, those that were tried again included.
        final_rejections: Parents that have no mirror in the end, by the first reason of their last answer.
        models: Accepted mirrors by the model that was asked for.
        n_answers: Answers of every kind, topics included.
        n_estimated: Of them, those whose tokens the endpoint did not count.
        prompt_tokens: Read for these answers.
        completion_tokens: Written.
        spent_usd: What they cost, in the whole store.
        lost_usd: What may have been charged, in the whole store, for answers that never came.
        reserved_usd: What requests now under way may cost, in the whole store.
    """

    states: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    final_rejections: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    n_answers: int = 0
    n_estimated: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    spent_usd: float = 0.0
    lost_usd: float = 0.0
    reserved_usd: float = 0.0

    def to_dict(self) -> dict[str, object]:
        """The fields by name, ready for JSON."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in values.items()}


def text_sha256(text: str) -> str:
    """The hash by which a changed parent is told."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def dump_parent(parent: Example) -> str:
    """A parent as JSON."""
    return json.dumps({name: value for name, value in asdict(parent).items() if value is not None})


def claim_of(row: sqlite3.Row) -> Claim:
    """The claim in these columns."""
    topic = None
    if row["topic_id"] is not None:
        topic = Topic(row["topic_id"], row["topic"], row["topic_finish"], row["topic_verdict"] == "accepted")
    return Claim(load_parent(row["parent"]), row["attempts"], topic)


def load_parent(text: str) -> Example:
    """The parent that `dump_parent` wrote."""
    return Example(**json.loads(text))


def dump_request(request: MirrorRequest) -> str:
    """A request as JSON."""
    return json.dumps(asdict(request))


def load_request(text: str) -> MirrorRequest:
    """The request that `dump_request` wrote."""
    values: dict[str, Any] = json.loads(text)
    values["prompt"] = tuple(Message(**message) for message in values["prompt"])
    values["params"] = Sampling(**values["params"])
    return MirrorRequest(**values)


def answer_columns(request: MirrorRequest, answer: Answer, *, usd: float, date: str) -> Mapping[str, object]:
    """The columns of an answer.

    Args:
        request: What was asked.
        answer: What came.
        usd: What it cost.
        date: ISO 8601 date.
    """
    return {
        "parent_id": request.parent_id,
        "step": request.step,
        "attempt": request.attempt,
        "request": dump_request(request),
        "request_sha256": request.sha256,
        "text": answer.text,
        "finish_reason": answer.finish_reason,
        "model": answer.model,
        "prompt_tokens": answer.usage.prompt_tokens,
        "completion_tokens": answer.usage.completion_tokens,
        "is_estimated": int(answer.usage.is_estimated),
        "left_out": json.dumps(answer.left_out),
        "usd": usd,
        "date": date,
    }


def answer_of(row: sqlite3.Row) -> Answer:
    """The answer in these columns."""
    usage = Usage(row["prompt_tokens"], row["completion_tokens"], bool(row["is_estimated"]))
    return Answer(
        row["text"], row["finish_reason"], usage, row["model"], row["date"], tuple(json.loads(row["left_out"]))
    )
