"""What mirrors will cost, before anything is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from tain.core.example import Example
from tain.mirrors.cost import Prices, estimate_prompt_tokens, estimate_tokens
from tain.mirrors.run_parts import Planner, steps
from tain.mirrors.store import MirrorStore

TOPIC_TOKENS = 60  # what models write when they are asked for a topic and a form in two lines


@dataclass(slots=True)
class MirrorEstimate:
    """What is still to be asked for. Tokens are estimated, rather too many than too few.

    Attributes:
        n_parents: Human texts.
        n_finished: Of these, those that have a mirror, or none in the end, in the store.
        n_requests: If every first attempt is accepted.
        prompt_tokens: Read, in these requests.
        completion_tokens: Written.
        usd: Their price.
        most_usd: If every attempt but the last were turned down and every answer met its limit of tokens.
        models: Parents still to do, by model.
        variants: Parents still to do, by way of asking.
        templates: Parents still to do, by template.
    """

    n_parents: int = 0
    n_finished: int = 0
    n_requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0
    most_usd: float = 0.0
    models: Counter[str] = field(default_factory=Counter)
    variants: Counter[str] = field(default_factory=Counter)
    templates: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, object]:
        """The fields by name, ready for JSON."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in values.items()}


def estimate(
    parents: Iterable[Example], planner: Planner, prices: Prices, *, store: MirrorStore | None, attempts: int
) -> MirrorEstimate:
    """What making the missing mirrors would take. Nothing is asked.

    Args:
        parents: Human texts.
        planner: Says what would be asked.
        prices: Of tokens.
        store: What was asked before; None where there is no store yet.
        attempts: Most mirrors of one text.
    """
    found = MirrorEstimate()
    for parent in parents:
        found.n_parents += 1
        if store is not None and not store.needs(parent.id):
            found.n_finished += 1
            continue
        _add(found, parent, planner, prices, attempts)
    return found


def _add(found: MirrorEstimate, parent: Example, planner: Planner, prices: Prices, attempts: int) -> None:
    requests = steps(planner, parent)
    found.models[requests[0].model] += 1
    found.variants[requests[0].variant] += 1
    found.templates[requests[0].template] += 1
    for request in requests:
        n_read = estimate_prompt_tokens(request.prompt)
        n_written = TOPIC_TOKENS if request.step == "topic" else estimate_tokens(parent.text)
        found.n_requests += 1
        found.prompt_tokens += n_read
        found.completion_tokens += n_written
        found.usd += prices.cost_usd(request.model, prompt_tokens=n_read, completion_tokens=n_written)
        found.most_usd += attempts * prices.most_usd(request)
