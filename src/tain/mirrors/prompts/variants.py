"""The ways to ask for a mirror, and what each needs of its parent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from tain.core.errors import ConfigError

Variant = Literal["from_topic", "from_title", "from_opening", "continue", "rewrite", "in_style"]
"""A way to ask for a mirror."""

VARIANTS: tuple[Variant, ...] = get_args(Variant)


def check_variants(names: Sequence[str]) -> tuple[Variant, ...]:
    """The names, known to be variants.

    Raises:
        ConfigError: If there are none, or one is unknown.
    """
    if not names or (unknown := [name for name in names if name not in VARIANTS]):
        wrong = ", ".join(unknown) if names else "nothing"
        raise ConfigError(f"--variants names {wrong}; expected one or more of {', '.join(VARIANTS)}.")
    return tuple(variant for variant in VARIANTS if variant in names)
