"""From the label that a file holds to the label that we use."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tain.core.errors import ConfigError
from tain.core.example import DETECTION, LabelSet

NULL_WORDS = frozenset({"", "nan", "null", "none", "n/a", "na", "<na>"})


@dataclass(frozen=True)
class LabelMap:
    """What each raw label means.

    Attributes:
        labels: The set it leads to.
        aliases: Raw values in lower case, and the label of each; None leaves such rows out.
    """

    labels: LabelSet
    aliases: Mapping[str, str | None] = field(default_factory=dict)

    def known(self, raw: str) -> bool:
        """Whether a raw label means anything, case aside."""
        return raw in self.labels.names or raw.lower() in self._lower

    def label(self, raw: str) -> str | None:
        """The label that a known raw label stands for; None where such rows are left out."""
        return raw if raw in self.labels.names else self._lower[raw.lower()]

    @property
    def _lower(self) -> dict[str, str | None]:
        return {**{name.lower(): name for name in self.labels.names}, **self.aliases}


DETECTION_MAP = LabelMap(
    DETECTION,
    {
        **dict.fromkeys(("human", "0", "h", "person", "people", "real", "human-written", "human_written"), "human"),
        **dict.fromkeys(("ai", "1", "llm", "machine", "generated", "fake", "model", "synthetic", "bot"), "ai"),
        **dict.fromkeys(("machine-generated", "machine_generated", "ai-generated", "ai_generated"), "ai"),
    },
)
"""Detection, with the usual words for its two labels."""


def parse_label_map(pairs: Sequence[str], *, base: LabelMap | None = DETECTION_MAP) -> LabelMap:
    """The map that flags such as `gpt=ai` or `mixed=` describe.

    Targets that all stand in the base's label set extend it; others make a label set of their own, in the order
    they are named. `mixed=` with nothing behind leaves such rows out.

    Args:
        pairs: Each one or more `raw=label`, with commas between.
        base: What is extended; None starts from nothing.

    Raises:
        ConfigError: If a pair has no equals sign, or fewer than two labels are named.
    """
    aliases: dict[str, str | None] = {}
    for pair in (part.strip() for pairs_ in pairs for part in pairs_.split(",")):
        raw, is_pair, label = pair.partition("=")
        if not is_pair or not raw.strip():
            raise ConfigError(f"--label-map got {pair!r}; expected RAW=LABEL, such as 1=ai, or RAW= to leave rows out.")
        aliases[raw.strip().lower()] = label.strip() or None
    targets = list(dict.fromkeys(label for label in aliases.values() if label))
    if base is not None and set(targets) <= set(base.labels.names):
        return LabelMap(base.labels, {**base.aliases, **aliases})
    return LabelMap(LabelSet(tuple(targets)), aliases)


def raw_label(value: object) -> str | None:
    """A raw label as a string, or None for null, NaN and empty values; 1.0 and true are "1"."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() else str(value)
    word = "" if value is None else str(value).strip()
    if word.lower() in NULL_WORDS:
        return None
    return word.removesuffix(".0") if word in ("0.0", "1.0") else word
