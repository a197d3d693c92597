"""Texts that a person should label next: those the detector is least sure of, and no two alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import ConfigError, DataError
from tain.core.example import Example
from tain.corpora.checks import text_fault
from tain.mining.hardest import Candidate
from tain.mining.sheet import Answered, read_sheet, write_sheet

LABEL = "label"
LABELS = ("human", "ai", "drop")


def unsureness(score: float, *, threshold: float) -> float:
    """How near a score is to the operating point: 0 at it, falling on both sides; what `Hardest` keeps the highest of.

    Args:
        score: Of a text; NaN stays NaN, which nothing keeps.
        threshold: Of the operating point.
    """
    return -abs(score - threshold)


def k_centre(embeddings: NDArray[np.floating], n: int, *, first: int = 0) -> list[int]:
    """Texts that cover all others: each next one is the farthest from those chosen so far.

    Greedy, which is never worse than twice the best possible radius. Of equally far texts the first is taken.

    Args:
        embeddings: Shape (n_texts, d).
        n: How many, at least 0; all of them where there are no more.
        first: The one that is chosen at once.

    Returns:
        Places in the order chosen.

    Raises:
        ConfigError: If `n` is negative, or `first` is none of the texts.

    Cost:
        Time O(n * n_texts * d).

    Source:
        Gonzalez 1985, Clustering to minimize the maximum intercluster distance; as a query, Sener and Savarese 2018,
        arXiv:1708.00489.
    """
    n_texts = len(embeddings)
    if n < 0 or (n and n_texts and not 0 <= first < n_texts):
        raise ConfigError(f"{n} of {n_texts} texts are to be chosen, beginning with {first}; expected one of them.")
    if not n or not n_texts:
        return []
    chosen = [first]
    gaps = np.linalg.norm(embeddings - embeddings[first], axis=1)
    while len(chosen) < min(n, n_texts):
        gaps[chosen[-1]] = -1.0  # never again, also not among copies at distance 0
        chosen.append(int(np.argmax(gaps)))
        gaps = np.minimum(gaps, np.linalg.norm(embeddings - embeddings[chosen[-1]], axis=1))
    return chosen


def write_requests(path: Path, candidates: Sequence[Candidate]) -> None:
    """Write texts for a person to label; a file that is there is the person's, and left alone.

    Args:
        path: .csv or .jsonl. The column `label` takes human, ai or drop; empty means not labelled.
        candidates: With the score of the detector.

    Raises:
        ConfigError: If the suffix is another one.
    """
    if path.exists():
        return
    rows = [
        {
            "id": candidate.example.id,
            "score": round(candidate.score, 4),
            "group": candidate.example.group,
            "domain": candidate.example.domain or "",
            "text": candidate.example.text,
        }
        for candidate in candidates
    ]
    write_sheet(path, rows, answer=LABEL, answers={})


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a person has said.

    Attributes:
        examples: Labelled human or ai.
        dropped: Ids of texts that are to be used for nothing.
    """

    examples: tuple[Example, ...]
    dropped: frozenset[str]


def read_labels(path: Path) -> Labelled:
    """The texts that a person has labelled.

    Args:
        path: What `write_requests` wrote.

    Raises:
        DataError: If a row has another label, no text, or the id of an earlier one; with its line.
    """
    rows = read_sheet(path, answer=LABEL, allowed=LABELS)
    examples = tuple(_example(path, row) for row in rows if row.answer != "drop")
    return Labelled(examples, frozenset(row.id for row in rows if row.answer == "drop"))


def _example(path: Path, row: Answered) -> Example:
    if reason := text_fault(row.values.get("text")):
        raise DataError(f"{path}:{row.line}: text: {reason}. Keep the column text as it was written.")
    group, domain = (str(row.values.get(name) or "") for name in ("group", "domain"))
    return Example(row.id, str(row.values["text"]), row.answer, group or row.id, path.name, domain or None)
