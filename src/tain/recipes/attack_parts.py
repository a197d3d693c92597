"""What `tain attack` is asked, the attacks that it means, and what it says was done."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from tain.evaluation.attacks.base import Attack, Attacked
from tain.evaluation.attacks.endpoint import ADDRESS, Endpoint
from tain.evaluation.attacks.registry import NEED_ENDPOINT, expand, get_attack


@dataclass(frozen=True, slots=True)
class AttackSettings:
    """What is done to the texts.

    Attributes:
        names: Of attacks and of groups of them.
        strength: From 0 to 1, for all; None takes each attack's default.
        seed: Of all draws.
        has_clean: Each text is written unattacked too.
        donors: File of texts that `sentence_splice` takes sentences from.
        model: At the endpoint of the environment; None takes the environment's.
    """

    names: Sequence[str]
    strength: float | None = None
    seed: int = 0
    has_clean: bool = False
    donors: str | None = None
    model: str | None = None


@dataclass(slots=True)
class AttackSummary:
    """What was done.

    Attributes:
        output: Where the rows are.
        n_texts: Texts read.
        n_rows: Rows written, by attack.
        n_edits: Edits made, by attack.
        n_unchanged: Rows in which an attack found nothing to change, by attack.
        left_out: Attacks of a group that were not made, for want of an endpoint.
        n_human_left_out: Human texts that were not given to a language model, whose answer would be no human text.
    """

    output: str
    n_texts: int = 0
    n_rows: dict[str, int] = field(default_factory=dict)
    n_edits: dict[str, int] = field(default_factory=dict)
    n_unchanged: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    n_human_left_out: int = 0

    def to_dict(self) -> dict[str, object]:
        """The fields by name, ready for JSON."""
        return asdict(self)

    def count(self, name: str, attacked: Sequence[Attacked]) -> None:
        """Add what an attack did to some texts."""
        self.n_rows[name] = self.n_rows.get(name, 0) + len(attacked)
        self.n_edits[name] = self.n_edits.get(name, 0) + sum(each.n_edits for each in attacked)
        self.n_unchanged[name] = self.n_unchanged.get(name, 0) + sum(not each.n_edits for each in attacked)


def make_attacks(
    names: Sequence[str], *, donors: Sequence[str] = (), model: str | None = None
) -> tuple[list[Attack], list[str]]:
    """The attacks that names and groups of names stand for, and those of a group that cannot be had.

    Args:
        names: Of attacks and of groups of them.
        donors: Texts that `sentence_splice` takes sentences from.
        model: At the endpoint of the environment; None takes the environment's.

    Raises:
        ConfigError: If a name is unknown, or an attack that was asked for by its name lacks what it needs.
    """
    wanted = expand(names)
    # A group promises what can be had; an attack that was asked for by name is an error where it cannot.
    has_endpoint = bool(os.environ.get(ADDRESS))
    left_out = [] if has_endpoint else [name for name in wanted if name in NEED_ENDPOINT and name not in names]
    kept = [name for name in wanted if name not in left_out]
    endpoint = Endpoint.from_environment(model=model) if {*kept} & {*NEED_ENDPOINT} else None
    return [get_attack(name, donors=donors, endpoint=endpoint) for name in kept], left_out
