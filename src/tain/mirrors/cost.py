"""What requests cost: tokens estimated before they are counted, and their price."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tain.core.errors import ConfigError
from tain.mirrors.request import Answer, Message, MirrorRequest, Usage

# Tokenizers of today put 4 to 5 bytes of English in a token, and about 3 of what they know least well; a budget is
# kept by whoever expects more tokens than there will be.
BYTES_PER_TOKEN = 3
TOKENS_PER_MESSAGE = 8  # the marks that a chat template puts around each turn
ANY_MODEL = "*"


def estimate_tokens(text: str) -> int:
    """The tokens of a text, rather too many than too few; the true number depends on the model."""
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / BYTES_PER_TOKEN)


def estimate_prompt_tokens(prompt: Iterable[Message]) -> int:
    """The tokens of a conversation, rather too many than too few."""
    return sum(estimate_tokens(message.content) + TOKENS_PER_MESSAGE for message in prompt)


def estimate_usage(prompt: Iterable[Message], text: str) -> Usage:
    """The tokens of a request whose endpoint did not count them."""
    return Usage(estimate_prompt_tokens(prompt), estimate_tokens(text), is_estimated=True)


@dataclass(frozen=True, slots=True)
class Prices:
    """What tokens cost, in USD for a million; nothing where nothing is known.

    Attributes:
        usd_in: By model, of tokens read. `*` is every other model.
        usd_out: By model, of tokens written.
    """

    usd_in: dict[str, float] = field(default_factory=dict)
    usd_out: dict[str, float] = field(default_factory=dict)

    def cost_usd(self, model: str, *, prompt_tokens: int, completion_tokens: int) -> float:
        """The price of one request.

        Args:
            model: As it was asked for.
            prompt_tokens: Read.
            completion_tokens: Written.
        """
        price_in, price_out = (prices.get(model, prices.get(ANY_MODEL, 0.0)) for prices in (self.usd_in, self.usd_out))
        return (prompt_tokens * price_in + completion_tokens * price_out) / 1e6

    def most_usd(self, request: MirrorRequest) -> float:
        """What a request may cost at most: a long prompt, and an answer that meets its limit."""
        return self.cost_usd(
            request.model,
            prompt_tokens=estimate_prompt_tokens(request.prompt),
            completion_tokens=request.params.max_tokens,
        )

    def usd_of(self, request: MirrorRequest, answer: Answer) -> float:
        """What an answer has cost."""
        usage = answer.usage
        return self.cost_usd(
            request.model, prompt_tokens=usage.prompt_tokens, completion_tokens=usage.completion_tokens
        )

    def covers(self, models: Sequence[str]) -> bool:
        """Whether each model has a price for what it reads and for what it writes."""
        return all(ANY_MODEL in prices or set(models) <= set(prices) for prices in (self.usd_in, self.usd_out))


def parse_prices(values_in: Sequence[str], values_out: Sequence[str]) -> Prices:
    """Prices from flags: `2.5`, or `MODEL=2.5` for one of several models.

    Args:
        values_in: Of tokens read.
        values_out: Of tokens written.

    Raises:
        ConfigError: If one is no number from 0 on, or a model has two.
    """
    return Prices(_parse(values_in, "--price-in"), _parse(values_out, "--price-out"))


def _parse(values: Sequence[str], flag: str) -> dict[str, float]:
    prices: dict[str, float] = {}
    for value in values:
        model, _, usd = value.rpartition("=")
        model = model or ANY_MODEL
        if model in prices:
            raise ConfigError(f"{flag} {value}: {model} has a price already. Give each model one.")
        prices[model] = _usd(usd, f"{flag} {value}")
    return prices


def _usd(value: str, named: str) -> float:
    try:
        usd = float(value)
    except ValueError:
        usd = math.nan
    if not 0 <= usd < math.inf:
        raise ConfigError(f"{named}: expected USD per million tokens, such as 2.5 or MODEL=2.5.")
    return usd
