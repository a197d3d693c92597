"""Texts in a human pool that may not be by people: held until a person has looked, never trained on silently.

What a detector is most surely wrong about is richest in texts whose label is wrong. Each text that is about to be
mined is therefore looked at for traces of a chat model, a date after ChatGPT, words of a known AI text and values
far outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from tain.core.errors import DataError
from tain.core.example import Example
from tain.corpora.audit.counts import LAST_HUMAN_MONTH
from tain.corpora.chat import residue
from tain.corpora.normalise import LATEST, get_normaliser
from tain.corpora.similarity import HeldTexts
from tain.mining.about_sheet import AboutSheet, write_about
from tain.mining.decisions import decisions_of
from tain.mining.sheet import read_sheet, write_sheet

Decision = Literal["human", "ai", "drop"]
DECISIONS: tuple[Decision, ...] = ("human", "ai", "drop")
DECISION = "decision"
# Markdown is left out: people write it on the web, and whole pools of theirs would be held for it.
RESIDUE = ("as an AI", "refusal", "opener", "closer")


@dataclass(frozen=True, slots=True)
class Suspect:
    """A text that is held.

    Attributes:
        example: From the pool.
        score: Of the detector.
        reasons: Why it is held, in plain words.
    """

    example: Example
    score: float
    reasons: tuple[str, ...]


@dataclass
class Quarantine:
    """The rules that hold a text.

    Attributes:
        limits: For each column of numbers, the value above which a text is held.
        residue_kinds: Traces of a chat that count.
        last_month: Year and month after which a text may not be by people; None lets every date pass.
        similarity: Of three-word shingles from which a text counts as a known AI text.
    """

    limits: Mapping[str, float] = field(default_factory=dict)
    residue_kinds: Sequence[str] = RESIDUE
    last_month: str | None = LAST_HUMAN_MONTH
    similarity: float = 0.8

    def __post_init__(self) -> None:
        """Know no AI text yet."""
        self._normaliser = get_normaliser(LATEST)
        self._ai = HeldTexts(similarity=self.similarity)

    def know(self, ai_texts: Iterable[str]) -> None:
        """Hold every later text that nearly repeats one of these.

        Args:
            ai_texts: By language models, as raw as the pool.
        """
        self._ai.add(map(self._plain, ai_texts))

    def reasons(
        self, examples: Sequence[Example], columns: Mapping[str, Sequence[float]] | None = None
    ) -> list[tuple[str, ...]]:
        """For each text why it is to be held; nothing where it is not.

        Args:
            examples: From the pool, raw.
            columns: Numbers by name, one for each text, such as its score or its influence; those without a limit, and
                NaN, hold nothing.

        Raises:
            DataError: If a column has another length.
        """
        numbers = columns or {}
        for name, values in numbers.items():
            if len(values) != len(examples):
                raise DataError(
                    f"The column {name} has {len(values)} values for {len(examples)} texts; expected as many."
                )
        near = self._ai.are_near([self._plain(example.text) for example in examples]) if examples else []
        return [
            (*self._reasons(example), *(("nearly repeats a known AI text",) if is_near else ()), *extremes)
            for example, is_near, extremes in zip(examples, near, self._extremes(len(examples), numbers), strict=True)
        ]

    def _reasons(self, example: Example) -> Iterable[str]:
        yield from (f"shows {kind}" for kind in residue(example.text) if kind in self.residue_kinds)
        date = example.date or ""
        if self.last_month is not None and date[:4].isdigit() and date[:7] > self.last_month:
            yield f"is dated {date}"

    def _extremes(self, n: int, numbers: Mapping[str, Sequence[float]]) -> list[tuple[str, ...]]:
        limits = {name: limit for name, limit in self.limits.items() if name in numbers}
        return [
            tuple(
                f"{name} {numbers[name][i]:.4g} is above {limit:.4g}"
                for name, limit in limits.items()
                if numbers[name][i] > limit
            )
            for i in range(n)
        ]

    def _plain(self, text: str) -> str:
        return self._normaliser.normalise(text).text


def write_review(path: Path, suspects: Sequence[Suspect]) -> None:
    """Write the held texts for a person to decide on; a file that is there is the person's, and left alone.

    `tain review` shows them on a page and keeps what is decided in a journal beside the file.

    Args:
        path: .csv or .jsonl. The column `decision` takes human, ai or drop; empty means held.
        suspects: Most surely called AI first.

    Raises:
        ConfigError: If the suffix is another one.
    """
    if path.exists():
        return
    rows = [
        {
            "id": suspect.example.id,
            "reasons": "; ".join(suspect.reasons),
            "score": round(suspect.score, 4),
            "domain": suspect.example.domain or "",
            "date": suspect.example.date or "",
            "text": suspect.example.text,
        }
        for suspect in suspects
    ]
    about = AboutSheet(made_by="tain mine", labels=("human", "ai"), label="human", evidence=("score",))
    write_about(path, about)
    write_sheet(path, rows, answer=DECISION, answers={})


def read_review(path: Path, *, known: Iterable[str] | None = None) -> dict[str, Decision]:
    """What was decided, on the page or in the file, by id; texts without a decision stay held and are not in it.

    Args:
        path: What `write_review` wrote.
        known: Ids that may stand there; None allows any.

    Raises:
        DataError: If a row has another decision, an unknown or repeated id, with its line; or if the file and the
            journal of `tain review` disagree.
    """
    names = None if known is None else frozenset(known)
    rows = read_sheet(path, answer=DECISION, allowed=DECISIONS, known=names)
    found = decisions_of(path, {row.id: row.answer for row in rows}, known=names)
    if strange := next((decision for decision in found.values() if decision not in DECISIONS), None):
        raise DataError(f"{path}: {strange!r} was decided; expected {', '.join(DECISIONS)}.")
    return {name: cast("Decision", decision) for name, decision in found.items()}
