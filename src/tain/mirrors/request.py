"""What is asked of a generator, what comes back, and how it can fail."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import ClassVar, Literal, Protocol

from tain.core.errors import EndpointError

Role = Literal["system", "user", "assistant"]
Step = Literal["topic", "text"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. None leaves it to the generator.

    Attributes:
        max_tokens: No answer is longer, whatever it costs.
        temperature: 0 always takes the likeliest.
        top_p: Only the likeliest tokens that have this share of the probability, in (0, 1].
        seed: Differs between the attempts at one parent, so that another try gives another text.
    """

    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class MirrorRequest:
    """One request: the mirror of one human text, or the topic that the next request will be about.

    Attributes:
        parent_id: The human text.
        group: Of the parent, so that no split parts them.
        prompt: The conversation so far.
        template: Name of the template that made the prompt.
        template_version: Of that template.
        variant: Way of asking: from the title, continue, rewrite, in a style.
        model: Who is asked.
        params: How it samples.
        n_words: Words of the parent, which the mirror should have too.
        language: ISO 639-1; None where nobody knows.
        step: What the answer will be.
        attempt: Number of mirrors of this parent that were turned down before.
    """

    parent_id: str
    group: str
    prompt: tuple[Message, ...]
    template: str
    template_version: str
    variant: str
    model: str
    params: Sampling
    n_words: int
    language: str | None = None
    step: Step = "text"
    attempt: int = 0

    @property
    def sha256(self) -> str:
        """Hash of the model, the prompt and the parameters: equal hashes are the same question."""
        asked = [self.model, [asdict(message) for message in self.prompt], asdict(self.params)]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request.

    Attributes:
        prompt_tokens: Read.
        completion_tokens: Written, hidden reasoning included.
        is_estimated: The generator did not say, so they were worked out from the texts.
    """

    prompt_tokens: int
    completion_tokens: int
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a generator wrote.

    Attributes:
        text: As it came, without hidden reasoning.
        finish_reason: `stop`, `length`, `content_filter` or another word of the endpoint; None where it gave none.
        usage: Tokens.
        model: Who says that it answered: a dated version, or another name than was asked for.
        date: ISO 8601 date, where the answer is not of today.
        left_out: Parameters of the request that the generator does not take.
    """

    text: str
    finish_reason: str | None
    usage: Usage
    model: str
    date: str | None = None
    left_out: tuple[str, ...] = ()


class RetryableError(EndpointError):
    """Raised when the same request may well succeed later.

    Attributes:
        retry_after_s: Seconds that the endpoint asks to wait; None where it does not say.
        may_be_billed: The endpoint may have worked, and charged, before the answer was lost.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None, may_be_billed: bool = False) -> None:
        """Keep what decides when to try again."""
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.may_be_billed = may_be_billed


class RefusedError(EndpointError):
    """Raised when the endpoint will not answer this one request: its filter, or a prompt too long."""


class UnansweredError(EndpointError):
    """Raised when this generator has nothing for this parent, while another may have."""


class FatalError(EndpointError):
    """Raised when every further request would fail too: a wrong key, model or address, or no credit left."""


class Generator(Protocol):
    """Anything that answers requests, many at a time."""

    name: ClassVar[str]

    async def generate(self, request: MirrorRequest) -> Answer:
        """The answer to one request.

        Raises:
            RetryableError: If it may succeed later.
            RefusedError: If this request never will.
            UnansweredError: If this generator has no answer for it.
            FatalError: If no request will.
        """

    def n_answers(self, parent_id: str) -> int | None:
        """How many different answers it has for a parent; None knows no limit."""

    def hurry(self) -> None:
        """Stop waiting before further tries: the user wants to end."""

    async def close(self) -> None:
        """Give back connections and memory."""
