"""Every attack by its name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from tain.core.errors import ConfigError
from tain.evaluation.attacks.alternative_spelling import AlternativeSpelling
from tain.evaluation.attacks.article_deletion import ArticleDeletion
from tain.evaluation.attacks.back_translation import BackTranslation
from tain.evaluation.attacks.base import Attack
from tain.evaluation.attacks.endpoint import Endpoint
from tain.evaluation.attacks.homoglyph import Homoglyph
from tain.evaluation.attacks.insert_paragraphs import InsertParagraphs
from tain.evaluation.attacks.markdown_stripping import MarkdownStripping
from tain.evaluation.attacks.misspelling import Misspelling
from tain.evaluation.attacks.newline_stripping import NewlineStripping
from tain.evaluation.attacks.number_swap import NumberSwap
from tain.evaluation.attacks.paraphrase import Paraphrase
from tain.evaluation.attacks.rewriting import Rewriting
from tain.evaluation.attacks.sentence_splice import SentenceSplice
from tain.evaluation.attacks.synonym import Synonym
from tain.evaluation.attacks.truncation import NAME as TRUNCATION
from tain.evaluation.attacks.truncation import Truncation
from tain.evaluation.attacks.upper_lower import UpperLower
from tain.evaluation.attacks.whitespace import Whitespace
from tain.evaluation.attacks.zero_width_space import ZeroWidthSpace

ATTACKS: Mapping[str, type[Attack]] = {
    "alternative_spelling": AlternativeSpelling,
    "article_deletion": ArticleDeletion,
    "homoglyph": Homoglyph,
    "insert_paragraphs": InsertParagraphs,
    "number": NumberSwap,
    "paraphrase": Paraphrase,
    "misspelling": Misspelling,
    "synonym": Synonym,
    "upper_lower": UpperLower,
    "whitespace": Whitespace,
    "zero_width_space": ZeroWidthSpace,
    "newline_stripping": NewlineStripping,
    "markdown_stripping": MarkdownStripping,
    TRUNCATION: Truncation,
    "sentence_splice": SentenceSplice,
    "back_translation": BackTranslation,
}
"""RAID's eleven, then ours. `truncation_50` is a truncation to 50 words, and so for any number."""

RAID = tuple(name for name, kind in ATTACKS.items() if kind.raid_name)
NEED_ENDPOINT = tuple(name for name, kind in ATTACKS.items() if issubclass(kind, Rewriting))
NEED_DONORS = ("sentence_splice",)
LOCAL = tuple(name for name in ATTACKS if name not in (*NEED_ENDPOINT, *NEED_DONORS))
GROUPS: Mapping[str, tuple[str, ...]] = {"raid": RAID, "local": LOCAL}
"""Names that stand for several: RAID's eleven, and all that need neither an endpoint nor donors."""

_RAID_NAMES = {kind.raid_name: name for name, kind in ATTACKS.items() if kind.raid_name}


def get_attack(name: str, *, donors: Sequence[str] = (), endpoint: Endpoint | None = None) -> Attack:
    """The attack of a name, ours or RAID's.

    Args:
        name: Of `ATTACKS`, or `truncation_K` for the first K words.
        donors: Texts that `sentence_splice` takes sentences from.
        endpoint: That `paraphrase` and `back_translation` ask; None takes the one of the environment.

    Raises:
        ConfigError: If there is no such attack, or what it needs is missing.
    """
    wanted, n_words = _parsed(name)
    kind = ATTACKS[wanted]
    if issubclass(kind, Rewriting):
        return kind(endpoint or Endpoint.from_environment())
    if issubclass(kind, SentenceSplice):
        return kind(donors)
    if issubclass(kind, Truncation):
        return kind() if n_words is None else kind(n_words)
    return kind()


def expand(names: Sequence[str]) -> tuple[str, ...]:
    """The attacks that names and groups of names stand for, each once, in order.

    Args:
        names: Of attacks and of `GROUPS`.

    Raises:
        ConfigError: If there is none, or one is neither.
    """
    if not names:
        raise ConfigError(f"No attack is named. {_expected()}")
    single = (each for name in names for each in GROUPS.get(name, (name,)))
    return tuple(dict.fromkeys(_canonical(name) for name in single))


def _canonical(name: str) -> str:
    wanted, n_words = _parsed(name)
    return wanted if wanted != TRUNCATION else (Truncation() if n_words is None else Truncation(n_words)).name


def _parsed(name: str) -> tuple[str, int | None]:
    word, _, number = name.rpartition("_")
    if word == TRUNCATION and number.isdecimal():
        return word, int(number)
    known = _RAID_NAMES.get(name, name)
    if known not in ATTACKS:
        near = difflib.get_close_matches(name, [*ATTACKS, *GROUPS], n=1)
        raise ConfigError(f"{name!r} is not an attack. {_expected()}{f' Did you mean {near[0]}?' if near else ''}")
    return known, None


def _expected() -> str:
    return f"Expected one of {', '.join(ATTACKS)}, {TRUNCATION}_K for K words, or a group: {', '.join(GROUPS)}."
