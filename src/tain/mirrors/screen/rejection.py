"""Why a mirror is turned down, and where the limits stand."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from tain.core.errors import ConfigError

Reason = Literal[
    "empty",
    "refusal",
    "truncated",
    "prompt_leak",
    "chat",
    "placeholder",
    "markup",
    "language",
    "copy",
    "length",
    "repetition",
    "duplicate",
]
"""Why a mirror is turned down, in the order in which the rules are asked."""

LabelReason = Literal["ambiguous", "no_label"]
"""Why an answer is no label, besides being empty, refused or cut off: it names several, or none."""

MEANINGS = MappingProxyType(
    {
        "empty": "nothing was answered",
        "refusal": "the model declined, or an endpoint's filter did",
        "truncated": "cut off: the token limit was met, or no sentence ends where the parent ends one",
        "prompt_leak": "repeats or talks about the instructions",
        "chat": 'talks to the user: "Sure, here is", "I hope this helps", "As an AI language model"',
        "placeholder": "something was left to fill in: [Name], {topic}, Lorem ipsum, XXX",
        "markup": "Markdown headings, bold, code fences or a chat template's marks, which the parent has not",
        "language": "another language than the parent's",
        "copy": "a long run of words, or many short ones, stand in the parent",
        "length": "far shorter or longer than the parent",
        "repetition": "says the same again and again",
        "duplicate": "the very text of another mirror",
    }
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """One rule that a text breaks.

    Attributes:
        reason: Which rule.
        detail: What was found and what is allowed, for people.
    """

    reason: Reason | LabelReason
    detail: str

    @property
    def order(self) -> int:
        """The place of its rule among all."""
        return reasons().index(self.reason)


@dataclass(frozen=True, slots=True)
class Copying:
    """How much of its parent a mirror may repeat.

    Attributes:
        max_run: Words in a row, marks and case aside.
        max_share: Share of the mirror's runs of eight words that stand in the parent too.
    """

    max_run: int
    max_share: float


STRICT = Copying(max_run=12, max_share=0.05)
LOOSE = Copying(max_run=24, max_share=0.25)
LOOSE_VARIANTS = frozenset({"rewrite", "continue"})
LOOSE_TEMPLATES = frozenset({"code", "documentation"})  # signatures and names recur as they are


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits of the screen.

    Attributes:
        length_ratio: Fewest and most words of a mirror as shares of its parent's.
        copying: What most variants may repeat of the parent.
        copying_loose: What a rewritten or continued text, code or its documentation may repeat: names, terms,
            quotations and signatures.
        max_leak: Words in a row that may stand in the instructions too.
        min_language_words: Fewer than these have no language that could be told.
        min_language_confidence: Below this a language counts as not known, in [0, 1].
        max_repetition: Share of a text's runs of four words that may be repeats of earlier ones.
        left_out: Reasons that are not looked for.
    """

    length_ratio: tuple[float, float] = (0.7, 1.4)
    copying: Copying = STRICT
    copying_loose: Copying = LOOSE
    max_leak: int = 9
    min_language_words: int = 20
    min_language_confidence: float = 0.9
    max_repetition: float = 0.3
    left_out: frozenset[Reason] = frozenset()

    def __post_init__(self) -> None:
        """Refuse limits that no text or every text would meet."""
        low, high = self.length_ratio
        if not 0 < low <= 1 <= high:
            raise ConfigError(f"length_ratio is {self.length_ratio}; expected a share up to 1 and one from 1 on.")
        if unknown := set(self.left_out) - set(reasons()):
            raise ConfigError(f"{sorted(unknown)} are no reasons of the screen; expected some of {list(reasons())}.")

    def copying_of(self, variant: str, template: str) -> Copying:
        """The limits of a variant of a template."""
        is_loose = variant in LOOSE_VARIANTS or template in LOOSE_TEMPLATES
        return self.copying_loose if is_loose else self.copying


def reasons() -> tuple[Reason, ...]:
    """Every reason there is, in the order in which the rules are asked; `MEANINGS` says what each means."""
    return get_args(Reason)
