"""Mirrors from any endpoint that speaks OpenAI's chat completions."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
from tenacity.wait import wait_base, wait_random_exponential

from tain.core.errors import ConfigError, EndpointError
from tain.mirrors.chat_completions import Dialect, malformed, parse_answer
from tain.mirrors.endpoint_errors import error_of
from tain.mirrors.request import Answer, FatalError, MirrorRequest, RefusedError, RetryableError

DEFAULT_URL = "https://api.openai.com/v1"
URL_VARIABLE, KEY_VARIABLE = "OPENAI_BASE_URL", "OPENAI_API_KEY"
PATH = "/chat/completions"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
HIDDEN = "[key]"
TRACE = "X-Client-Request-Id"  # OpenAI keeps it, so that a request can be found again; others ignore it
FIRST_TRIES = 3  # while nothing has ever come from there, a wrong address is likelier than a busy server


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an endpoint, and how often to ask again.

    Attributes:
        timeout_s: For one answer, from the first byte sent to the last one received.
        connect_s: For the connection.
        max_tries: Of one request that was surely not charged: 429, 5xx, no connection.
        first_wait_s: Before the second try; doubled each time, and drawn at random below that.
        max_wait_s: Longest wait. An endpoint that asks for more is not asked again.
    """

    timeout_s: float = 180.0
    connect_s: float = 10.0
    max_tries: int = 6
    first_wait_s: float = 1.0
    max_wait_s: float = 120.0


class Endpoint:
    """A Generator behind an address: OpenAI, Gemini, Anthropic, vLLM, llama.cpp, Ollama, `transformers serve`.

    The key is read from the environment and goes into one header; it is in no attribute that is shown and in no error.
    """

    name: ClassVar[str] = "openai"

    def __init__(
        self,
        *,
        base_url: str | None = None,
        patience: Patience | None = None,
        tell: Callable[[str], None] | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Find address and key. Nothing is sent yet.

        Args:
            base_url: Up to and with `/v1`; None takes OPENAI_BASE_URL, or OpenAI itself.
            patience: Time-outs and tries; None takes the defaults.
            tell: Takes what the user should know: parameters that the endpoint does not take.
            environment: Where OPENAI_API_KEY and OPENAI_BASE_URL stand.

        Raises:
            ConfigError: If the address is none, holds a secret, or the key is missing or cannot be sent.
        """
        self.base_url = check_url(base_url or environment.get(URL_VARIABLE) or DEFAULT_URL)
        self._patience = patience or Patience()
        self._tell = tell or (lambda line: None)
        self._key = _key(environment, self.base_url)
        self._dialects: defaultdict[str, Dialect] = defaultdict(Dialect)
        self._is_reached = False
        self._hurried = asyncio.Event()
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
            timeout=httpx.Timeout(self._patience.timeout_s, connect=self._patience.connect_s, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
            # A proxy of the environment is for other machines.
            trust_env=urlsplit(self.base_url).hostname not in LOOPBACK,
        )

    async def generate(self, request: MirrorRequest) -> Answer:
        """The answer to one request; tried again where that cannot cost twice.

        Args:
            request: What to ask.

        Raises:
            RetryableError: If it may succeed later, and either the tries are used up or it may have been charged.
            RefusedError: If the endpoint will not answer this one.
            FatalError: If it would answer none.
        """
        patience = self._patience
        tries = AsyncRetrying(
            retry=retry_if_exception(_is_free),
            stop=lambda state: state.attempt_number >= (patience.max_tries if self._is_reached else FIRST_TRIES),
            wait=_Wait(patience),
            sleep=self._pause,
            reraise=True,
        )
        try:
            return await tries(self._ask, request)
        except RetryableError as error:
            if self._is_reached or error.may_be_billed:
                raise
            advice = f"Start the server, or set --base-url or {URL_VARIABLE} to where it listens."
            raise FatalError(f"{error}. {advice}") from None

    def n_answers(self, parent_id: str) -> int | None:
        """No limit: another seed gives another text."""

    def hurry(self) -> None:
        """Give up requests that are waiting for another try."""
        self._hurried.set()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._hurried.wait(), seconds)
        except TimeoutError:
            return
        raise RetryableError("stopped while waiting to ask again")

    async def _ask(self, request: MirrorRequest) -> Answer:
        dialect = self._dialects[request.model]
        while True:
            body = dialect.body(request)
            try:
                return await self._post(body, request)
            except RefusedError as error:
                if change := dialect.learn(body, str(error)):
                    self._tell(f"{request.model} {change}.")
                elif dialect.body(request) == body:  # else another request has learnt meanwhile
                    raise

    async def _post(self, body: Mapping[str, object], request: MirrorRequest) -> Answer:
        response = await self._send(body, trace_of(request))
        if response.status_code >= 300:
            error = error_of(response.status_code, response.headers, self._hide(response.text))
            raise self._too_long(error) or error
        try:
            payload = json.loads(response.content)
        except ValueError:
            raise malformed("it is no JSON") from None
        if isinstance(payload, dict) and payload.get("error") and not payload.get("choices"):
            raise _error_inside(payload, self._hide(response.text))
        return parse_answer(payload, request, left_out=self._dialects[request.model].left_out)

    async def _send(self, body: Mapping[str, object], trace: str) -> httpx.Response:
        try:
            async with asyncio.timeout(self._patience.timeout_s):
                response = await self._client.post(self.base_url + PATH, json=body, headers={TRACE: trace})
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            line = f"no connection to {self.base_url} ({self._hide(str(error)) or type(error).__name__})"
            raise RetryableError(line) from None
        except TimeoutError:
            raise _lost(f"no answer within {self._patience.timeout_s:g} s") from None
        except httpx.HTTPError as error:
            raise _lost(self._hide(str(error)) or type(error).__name__) from None
        self._is_reached = True
        return response

    def _too_long(self, error: EndpointError) -> FatalError | None:
        wait_s = error.retry_after_s if isinstance(error, RetryableError) else None
        if wait_s is None or wait_s <= self._patience.max_wait_s:
            return None
        return FatalError(
            f"{error}: it asks to wait {wait_s:,.0f} s. Run the same command again then; nothing is lost."
        )

    def _hide(self, text: str) -> str:
        return text.replace(self._key, HIDDEN) if self._key else text


class _Wait(wait_base):
    """What the endpoint asks for, or twice as long each time; random, so that requests do not come back in step."""

    def __init__(self, patience: Patience) -> None:
        self._backoff = wait_random_exponential(multiplier=patience.first_wait_s, max=patience.max_wait_s)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        backoff_s = self._backoff(retry_state)
        asked_s = error.retry_after_s if isinstance(error, RetryableError) else None
        return backoff_s if asked_s is None else asked_s + min(backoff_s, 0.1 * asked_s)


def trace_of(request: MirrorRequest) -> str:
    """A name for one sending of a request: a hash of the parent, the attempt and step, and a random part.

    Args:
        request: What is sent.
    """
    return f"tain-{parent_mark(request.parent_id)}-{request.attempt}-{request.step}-{secrets.token_hex(4)}"


def parent_mark(parent_id: str) -> str:
    """The hash of a parent id that stands in the names of its requests."""
    return hashlib.sha256(parent_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def check_url(url: str) -> str:
    """An address without what need not stand at its end.

    Args:
        url: As the user gave it.

    Raises:
        ConfigError: If it is no http address, or holds a password or key.
    """
    parts = urlsplit(url.strip())
    if parts.username or parts.password or parts.query:
        raise ConfigError(f"The base URL holds a name, password or query. Keys come from {KEY_VARIABLE} alone.")
    if parts.scheme not in ("http", "https") or not parts.hostname or not _has_port(parts):
        raise ConfigError(f"The base URL is {url!r}; expected one such as http://127.0.0.1:8000/v1.")
    return re.sub(rf"(?:{PATH})?/*$", "", url.strip())


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _key(environment: Mapping[str, str], url: str) -> str:
    key = environment.get(KEY_VARIABLE, "").strip()
    if not key and url == DEFAULT_URL:
        raise ConfigError(f"{KEY_VARIABLE} is not set, and {url} needs a key. Set it, or name a server by --base-url.")
    # The error of the HTTP library would show the header, and with it the key.
    if not re.fullmatch(r"[\x21-\x7e]*", key):
        raise ConfigError(f"{KEY_VARIABLE} holds white space or characters that no key has. Set it anew.")
    return key


def _is_free(error: BaseException) -> bool:
    return isinstance(error, RetryableError) and not error.may_be_billed


def _lost(what: str) -> RetryableError:
    return RetryableError(f"the answer was lost: {what}", may_be_billed=True)


def _error_inside(payload: Mapping[str, object], text: str) -> EndpointError:
    inner = payload["error"]
    code = inner.get("code") if isinstance(inner, dict) else None
    return error_of(code if isinstance(code, int) and 300 <= code < 600 else 502, {}, text)
