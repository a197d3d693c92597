"""The body of a chat completion, and the answer in what comes back, as the endpoints of today write them.

They differ in small things. Usage or the finish reason may be missing (llama.cpp and proxies), the content may be a
list of parts (Mistral), a refusal may stand beside an empty content (OpenAI), hidden reasoning may stand in a field of
its own or within `<think>` marks (vLLM, llama.cpp and Ollama, by their settings), and an error may come with status
200 (OpenRouter). Newer models of OpenAI take `max_completion_tokens` and no temperature, Gemini and Anthropic no seed:
what an endpoint says it does not know is left out from then on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from tain.mirrors.cost import estimate_usage
from tain.mirrors.request import Answer, MirrorRequest, RetryableError, Usage

MAX_TOKENS, MAX_COMPLETION_TOKENS = "max_tokens", "max_completion_tokens"
OPTIONAL = ("temperature", "top_p", "seed")
UNKNOWN = re.compile(
    r"unsupported|not supported|does not support|doesn't support|unknown|unrecogni[sz]ed|unexpected|extra inputs|"
    r"not permitted|not allowed|cannot both|invalid argument|no such|deprecated",
    re.IGNORECASE,
)
THOUGHT = re.compile(r"\A\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Dialect:
    """What one model behind one endpoint does not take, learnt from its refusals.

    Attributes:
        left_out: Parameters that are not sent any more.
        has_long_name: The limit is called `max_completion_tokens`.
    """

    left_out: set[str] = field(default_factory=set)
    has_long_name: bool = False

    def body(self, request: MirrorRequest) -> dict[str, object]:
        """The JSON to send.

        Args:
            request: Parameters that are None are left to the endpoint.
        """
        params = request.params
        wanted = {name: getattr(params, name) for name in OPTIONAL}
        return {
            "model": request.model,
            "messages": [asdict(message) for message in request.prompt],
            MAX_COMPLETION_TOKENS if self.has_long_name else MAX_TOKENS: params.max_tokens,
            **{name: value for name, value in wanted.items() if value is not None and name not in self.left_out},
        }

    def learn(self, body: Mapping[str, object], message: str) -> str | None:
        """Change the next body after a refusal; what changed, in words, or None where nothing would help.

        Args:
            body: What was refused.
            message: What the endpoint said, with the name of the parameter if it gave one.
        """
        if not UNKNOWN.search(message):
            return None
        if MAX_TOKENS in body and re.search(rf"\b{MAX_TOKENS}\b", message):
            self.has_long_name = True
            return f"takes {MAX_COMPLETION_TOKENS} instead of {MAX_TOKENS}"
        # Where two exclude one another, the temperature is the one that stays.
        for name in ("top_p", "seed", "temperature"):
            if name in body and re.search(rf"\b{name}\b", message):
                self.left_out.add(name)
                return f"does not take {name}; it is left out"
        return None


def parse_answer(payload: object, request: MirrorRequest, *, left_out: Iterable[str] = ()) -> Answer:
    """The answer in a decoded response.

    Args:
        payload: The JSON that came.
        request: What was asked; tokens that were not counted are estimated from it.
        left_out: Parameters of the request that were not sent.

    Raises:
        RetryableError: If there is no answer in it.
    """
    choice = _choice(payload)
    message = choice.get("message")
    if not isinstance(payload, dict) or not isinstance(message, dict):
        raise malformed("its first choice has no message")
    text = _text(message.get("content"))
    refusal = message.get("refusal")
    finish_reason = choice.get("finish_reason")
    if not text and isinstance(refusal, str) and refusal:
        text, finish_reason = refusal, "content_filter"
    model = payload.get("model")
    return Answer(
        text=THOUGHT.sub("", text).strip(),
        finish_reason=finish_reason if isinstance(finish_reason, str) else None,
        usage=_usage(payload.get("usage"), request, text),
        model=model if isinstance(model, str) and model else request.model,
        left_out=tuple(sorted(left_out)),
    )


def malformed(what: str) -> RetryableError:
    """The error for a response that cannot be read; it was worked for, so it may be charged."""
    return RetryableError(f"the endpoint's answer cannot be read: {what}", may_be_billed=True)


def _choice(payload: object) -> Mapping[str, object]:
    if not isinstance(payload, dict):
        raise malformed("it is no JSON object")
    choices = payload.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise malformed("it has no choices")
    choice: Mapping[str, object] = choices[0]
    if choice.get("finish_reason") == "error":
        raise malformed("it says that it broke off with an error")
    return choice


def _text(content: object) -> str:
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    if content is not None and not isinstance(content, str):
        raise malformed("its content is no text")
    # Half a character cannot be stored, and no detector could read it.
    return SURROGATES.sub("\ufffd", content or "")


def _usage(usage: object, request: MirrorRequest, text: str) -> Usage:
    estimate = estimate_usage(request.prompt, text)
    if not isinstance(usage, dict):
        return estimate
    n_read, n_written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not isinstance(n_read, int) or not isinstance(n_written, int) or min(n_read, n_written) < 0:
        return estimate
    return Usage(n_read, n_written)
