"""Many attacks on many texts, so that each result depends on nothing but its own seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from tain.evaluation.attacks.base import Attack, Attacked
from tain.evaluation.attacks.endpoint import Endpoint
from tain.evaluation.attacks.registry import expand, get_attack


def attack_all(
    texts: Sequence[str],
    names: Sequence[str],
    *,
    seed: int,
    strength: float | None = None,
    donors: Sequence[str] = (),
    endpoint: Endpoint | None = None,
) -> dict[str, list[Attacked]]:
    """Each text under each attack, by the attack's name.

    A text's result follows from the seed, the attack and its position alone: neither the order of the attacks nor
    the other texts change it.

    Args:
        texts: n of them.
        names: Of attacks and of groups of them; see `registry.ATTACKS` and `registry.GROUPS`.
        seed: Of all draws.
        strength: From 0 to 1, for all attacks; None takes each one's default.
        donors: Texts that `sentence_splice` takes sentences from.
        endpoint: That `paraphrase` and `back_translation` ask; None takes the one of the environment.

    Raises:
        ConfigError: If a name is unknown, or what an attack needs is missing.
        EndpointError: If the endpoint fails.
    """
    attacks = [get_attack(name, donors=donors, endpoint=endpoint) for name in expand(names)]
    places = range(len(texts))
    return {attack.name: apply_at(attack, texts, places=places, seed=seed, strength=strength) for attack in attacks}


def apply_at(
    attack: Attack, texts: Sequence[str], *, places: Sequence[int], seed: int, strength: float | None = None
) -> list[Attacked]:
    """Some of many texts under one attack, each as `attack_all` on all of them would make it.

    Args:
        attack: From `get_attack`.
        texts: n of them.
        places: Shape (n,), the position of each among all.
        seed: Of all draws.
        strength: From 0 to 1; None takes the attack's default.

    Raises:
        ConfigError: If the strength is out of range.
        EndpointError: If the endpoint fails.
    """
    return attack.apply_all(
        texts, strength=strength, rngs=[generator_for(seed, attack.name, place) for place in places]
    )


def generator_for(seed: int, name: str, index: int) -> np.random.Generator:
    """The generator of one attack on one text.

    Args:
        seed: Of all draws.
        name: Of the attack.
        index: Position of the text, from 0.
    """
    digest = hashlib.blake2b(f"{seed}\x1f{name}\x1f{index}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))
