"""The user's own language model, behind any address that speaks as OpenAI's does."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tain.core.errors import ConfigError, EndpointError, sample

if TYPE_CHECKING:
    import httpx

ADDRESS, KEY, MODEL = "OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"

_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT_S = 60.0
_USER = re.compile(r"//[^/@]*@")


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the model.

    Attributes:
        task: What it shall do, as the system message.
        text: What with, as the user's message.
        temperature: Of the sampling, 0 or more.
        seed: Passed on; not every endpoint keeps to it.
    """

    task: str
    text: str
    temperature: float
    seed: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a language model answers, and how patiently it is asked.

    Attributes:
        base_url: With its version, such as `http://127.0.0.1:8000/v1`.
        model: Its name there.
        api_key: Sent to this address only, and shown nowhere; empty where none is asked for.
        n_parallel: Questions under way at once.
        n_tries: Of each question, the first included.
        wait_s: Before the second try; doubled each time.
        timeout_s: For one answer.
    """

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    n_parallel: int = 4
    n_tries: int = 5
    wait_s: float = 1.0
    timeout_s: float = 120.0

    @property
    def shown_url(self) -> str:
        """The address as messages may show it: without a name and password inside it."""
        return _USER.sub("//", self.base_url)

    @classmethod
    def from_environment(cls, *, model: str | None = None) -> Endpoint:
        """The endpoint that OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_MODEL describe.

        Args:
            model: Name of the model; None takes OPENAI_MODEL.

        Raises:
            ConfigError: If there is no address or no model.
        """
        address, model = os.environ.get(ADDRESS, ""), model or os.environ.get(MODEL, "")
        is_address = address.startswith(("http://", "https://"))
        if not is_address or not model:
            shown = _USER.sub("//", address)
            wrong = f"{ADDRESS}={shown!r} has no model named" if is_address else f"{ADDRESS} is {shown!r}"
            raise ConfigError(
                f"Paraphrase and back-translation need a language model, but {wrong}. Set {ADDRESS} to an address such "
                f"as http://127.0.0.1:8000/v1, {MODEL} to a model there, and {KEY} where it asks for one."
            )
        return cls(address, model, os.environ.get(KEY, ""))

    def answer_all(self, requests: Sequence[Request]) -> list[str]:
        """The answers, in order, asked for a few at a time.

        Args:
            requests: Any number.

        Raises:
            EndpointError: At the first that fails for good; the others are not asked any more.
        """
        import httpx  # a quarter of a second, which other attacks do not need

        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        address = self.base_url.rstrip("/") + "/"
        with httpx.Client(base_url=address, headers=headers, timeout=self.timeout_s) as client:
            pool = ThreadPoolExecutor(self.n_parallel)
            try:
                return list(pool.map(lambda request: self._answer(client, request), requests))
            finally:
                pool.shutdown(cancel_futures=True)

    def _answer(self, client: httpx.Client, request: Request) -> str:
        for n_tried in range(1, self.n_tries + 1):
            trouble, asked_wait_s = self._try(client, request)
            if isinstance(trouble, dict):
                return self._text_of(trouble)
            if n_tried < self.n_tries:
                time.sleep(self._pause_s(n_tried, asked_wait_s))
        raise EndpointError(
            f"{self.shown_url} failed {self.n_tries} times; the last time: {trouble}. Try later, or look at its log."
        )

    def _try(self, client: httpx.Client, request: Request) -> tuple[dict[str, Any] | str, float]:
        """The answer's body or what went wrong in passing, and the seconds that the endpoint asks to wait."""
        import httpx

        try:
            response = client.post("chat/completions", json=self._body(request))
        except httpx.TransportError as error:
            return f"{type(error).__name__} {error}".strip(), 0.0
        if response.status_code in _PASSING:
            return f"status {response.status_code}: {self._shown(response.text)}", _seconds(response.headers)
        if not response.is_success:
            raise EndpointError(
                f"{self.shown_url} refused the model {self.model!r} with status {response.status_code}: "
                f"{self._shown(response.text)}. Check {ADDRESS}, {MODEL} and {KEY}."
            )
        try:
            body = response.json()
        except ValueError:
            body = None
        return (body if isinstance(body, dict) else {"answer": response.text}), 0.0

    def _body(self, request: Request) -> dict[str, object]:
        messages = [{"role": "system", "content": request.task}, {"role": "user", "content": request.text}]
        return {
            "model": self.model,
            "messages": messages,
            "temperature": request.temperature,
            "seed": request.seed,
        }

    def _text_of(self, body: dict[str, Any]) -> str:
        try:
            choice = body["choices"][0]
            text, reason = choice["message"]["content"], choice.get("finish_reason")
        except (KeyError, IndexError, TypeError, AttributeError):
            text = reason = None
        if not isinstance(text, str) or not text.strip() or reason in ("length", "content_filter"):
            why = f"finish_reason {reason!r}" if reason else self._shown(str(body))
            raise EndpointError(
                f"{self.shown_url} gave no whole text ({why}). Expected choices[0].message.content; allow longer "
                "answers, or take another model."
            )
        return text.strip()

    def _pause_s(self, n_tried: int, asked_wait_s: float) -> float:
        # Jitter keeps the threads from coming back all at once; it decides nothing about the result.
        wait_s = self.wait_s * 2.0 ** (n_tried - 1) * random.uniform(0.75, 1.25)
        return min(max(wait_s, asked_wait_s), _LONGEST_WAIT_S)

    def _shown(self, text: str) -> str:
        # Some endpoints repeat the key they refuse.
        return sample(text.replace(self.api_key, "…") if self.api_key else text)


def _seconds(headers: httpx.Headers) -> float:
    try:
        asked: str = headers.get("retry-after", "0")
        return max(0.0, float(asked))
    except ValueError:  # a date, which is allowed too
        return 0.0
