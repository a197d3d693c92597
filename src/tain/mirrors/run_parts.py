"""What a run of requests is given, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from tain.core.example import Example
from tain.mirrors.request import Answer, MirrorRequest
from tain.mirrors.screen import Rejection

Ending = Literal["done", "stopped", "budget"]
LONG_TOPIC = " ".join(["topic"] * 150)  # the screen lets no longer one pass


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the screen says of one answer.

    Attributes:
        text: What stands in the answer, without what stood around it.
        rejections: The rules it breaks; none for a good one.
    """

    text: str
    rejections: tuple[Rejection, ...]


class Written(Protocol):
    """A text of a model, and how it ended."""

    @property
    def text(self) -> str:
        """What it wrote."""

    @property
    def finish_reason(self) -> str | None:
        """Why it stopped."""


class Planner(Protocol):
    """Decides what to ask, and what to think of the answer."""

    def request(self, parent: Example, *, attempt: int, topic: str | None) -> MirrorRequest:
        """What to ask now: for the topic, where one is needed and there is none, else for the mirror."""

    def judge_topic(self, parent: Example, topic: Written) -> tuple[Rejection, ...]:
        """What is wrong with a topic."""

    def judge(self, parent: Example, request: MirrorRequest, answer: Answer) -> Judgement:
        """What is wrong with a mirror."""


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The limits of a run.

    Attributes:
        concurrency: Requests at a time.
        max_attempts: Mirrors of one parent that may be turned down.
        max_failures: Requests for one parent without an answer, after which this run leaves it for another one.
        max_usd: What the whole store may cost; None knows no limit.
    """

    concurrency: int = 16
    max_attempts: int = 3
    max_failures: int = 8
    max_usd: float | None = None


@dataclass(slots=True)
class Tally:
    """What has happened so far, earlier runs on the same store included.

    Attributes:
        n_accepted: Parents with a mirror.
        n_rejected: Parents that have none in the end.
        n_turned_down: Mirrors that were screened out and asked for again.
        n_failures: Requests of this run without an answer.
        usd: Spent in the whole store.
    """

    n_accepted: int = 0
    n_rejected: int = 0
    n_turned_down: int = 0
    n_failures: int = 0
    usd: float = 0.0


def steps(planner: Planner, parent: Example, *, attempt: int = 0, topic: str | None = None) -> list[MirrorRequest]:
    """All requests that one mirror takes: one, or two where the topic is asked for first.

    Args:
        planner: Says what would be asked.
        parent: The human text.
        attempt: Mirrors of it that were turned down.
        topic: What it was found to be about, where that was asked before.
    """
    first = planner.request(parent, attempt=attempt, topic=topic)
    if first.step == "text":
        return [first]
    return [first, planner.request(parent, attempt=attempt, topic=LONG_TOPIC)]
