"""The processes a launcher started for one command, as torchrun and `accelerate launch` tell by the environment."""

from __future__ import annotations

import os

from tain.core.errors import ConfigError

SHARDING = {"ACCELERATE_USE_FSDP": "FSDP", "ACCELERATE_USE_DEEPSPEED": "DeepSpeed"}


def n_processes() -> int:
    """How many there are; 1 without a launcher."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_launched() -> bool:
    """Whether a launcher started this process, be it the only one."""
    return "WORLD_SIZE" in os.environ


def speaker() -> str:
    """What opens a message of this process: `tain`, or `tain (process 2 of 4)`."""
    n = n_processes()
    return "tain" if n == 1 else f"tain (process {int(os.environ.get('RANK', '0')) + 1} of {n})"


def is_main() -> bool:
    """Whether this is the one that writes and speaks."""
    return int(os.environ.get("RANK", "0")) == 0


def require_one_process(what: str) -> None:
    """Return only if no launcher started several processes.

    Args:
        what: Cannot be done by several.

    Raises:
        ConfigError: If torchrun or `accelerate launch` did: each would do all of it and write the same files.
    """
    if (n := n_processes()) > 1:
        raise ConfigError(
            f"A launcher started {n} processes (WORLD_SIZE={n}), and {what} takes one. Start it without torchrun or "
            "`accelerate launch`; only `tain train` shares its work among several."
        )


def require_replicas() -> None:
    """Return only if the launcher leaves each process a whole network.

    Raises:
        ConfigError: If it asks for FSDP or DeepSpeed, which cut the weights up.
    """
    for variable, name in SHARDING.items():
        if os.environ.get(variable, "").lower() == "true":
            raise ConfigError(
                f"The launcher asks for {name} ({variable}=true); tain keeps the whole network in every process, "
                "frozen weights included. Launch without it, as with torchrun."
            )
