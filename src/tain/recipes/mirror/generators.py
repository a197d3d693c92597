"""The generator and the planner that the settings ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tain.core.errors import ConfigError
from tain.corpora.reading import iter_rows
from tain.mirrors.batching import BatchGenerator
from tain.mirrors.cost import Prices, parse_prices
from tain.mirrors.planner import PromptPlanner, SamplingSettings
from tain.mirrors.prompts import PromptPlan, load_templates
from tain.mirrors.recording import RecordedMirrors, parse_recorded
from tain.mirrors.request import Generator
from tain.mirrors.run_parts import Planner
from tain.mirrors.screen import Rules, SeenMirrors
from tain.mirrors.shares import ModelShares, parse_shares
from tain.recipes.mirror.configuration import MirrorConfig


@dataclass(frozen=True, slots=True)
class Writers:
    """Everything that a run of requests needs beside a store.

    Attributes:
        planner: Decides what to ask, and judges.
        open: Makes the generator, when something is to be asked.
        prices: Of tokens.
    """

    planner: Planner
    open: Callable[[Callable[[str], None]], Generator]
    prices: Prices


def build_writers(config: MirrorConfig, *, seen: SeenMirrors | None = None) -> Writers:
    """Who writes, and how they are asked. Nothing is loaded, opened or asked yet, but for a file of mirrors.

    Args:
        config: Says who.
        seen: Mirrors accepted before.

    Raises:
        ConfigError: If a setting is missing or impossible.
        DataError: If a file of mirrors cannot be read.
    """
    rules = Rules(length_ratio=(config.length_low, config.length_high))
    prices = parse_prices(config.price_in, config.price_out)
    if config.generator == "recorded":
        recorded = _recorded(config, rules, seen)
        return Writers(recorded, lambda tell: recorded, prices)
    shares = parse_shares(config.models)
    if config.max_cost is not None and not prices.covers(shares.names):
        raise ConfigError("--max-cost needs the prices of every model: give --price-in and --price-out.")
    planner = _planner(config, shares, rules, seen)
    if config.generator == "local":
        return Writers(planner, lambda tell: _local(config, shares), prices)
    return Writers(planner, lambda tell: _endpoint(config, tell), prices)


def _planner(config: MirrorConfig, shares: ModelShares, rules: Rules, seen: SeenMirrors | None) -> PromptPlanner:
    folder = Path(config.templates) if config.templates else None
    plan = PromptPlan(config.variants, config.seed, load_templates(folder))
    sampling = SamplingSettings(config.temperature, config.top_p, config.max_tokens)
    return PromptPlanner(plan, shares, sampling=sampling, rules=rules, seen=seen)


def _recorded(config: MirrorConfig, rules: Rules, seen: SeenMirrors | None) -> RecordedMirrors:
    if not config.recorded:
        raise ConfigError(
            "--generator recorded reads mirrors from a file, but none is named. Name one with --recorded."
        )
    mirrors = parse_recorded(iter_rows(config.recorded), place=config.recorded)
    return RecordedMirrors(mirrors, rules=rules, seen=seen)


def _endpoint(config: MirrorConfig, tell: Callable[[str], None]) -> Generator:
    from tain.mirrors.endpoint import Endpoint, Patience

    return Endpoint(base_url=config.base_url, patience=Patience(timeout_s=config.timeout_s), tell=tell)


def _local(config: MirrorConfig, shares: ModelShares) -> Generator:
    if len(shares.names) > 1:
        raise ConfigError(f"--generator local runs one model, got {list(shares.names)}. Name one with --model.")
    from tain.recipes.mirror.local_model import LocalModel

    return BatchGenerator(LocalModel(shares.names[0], device=config.device), batch_size=config.batch_size)
