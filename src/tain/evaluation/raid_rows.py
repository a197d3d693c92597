"""Rows of the RAID benchmark: who wrote a text, in which domain, under which attack.

RAID writes people as the model "human" and an unattacked text as the attack "none". A reader that asks whether there
is a model, or whether there is an attack, takes every row for AI and every row for attacked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tain.core.errors import DataError, MetricError, sample
from tain.evaluation.attacked_rows import UNATTACKED, attack_name
from tain.evaluation.samples import Flags, Floats

HUMAN, PARAPHRASE = "human", "paraphrase"


@dataclass(frozen=True, slots=True)
class RaidRow:
    """One row of RAID but for its text.

    Attributes:
        id: Of the row.
        generator: The model that wrote it, or `human`.
        domain: Kind of text.
        attack: What was done to it, or `none`.
        group: Rows made from one human text share it; "" for a row of its own.
    """

    id: str
    generator: str
    domain: str
    attack: str = UNATTACKED
    group: str = ""

    @property
    def is_human(self) -> bool:
        """Whether a person wrote the text that the attack, if any, was then made on."""
        return self.generator == HUMAN


def raid_row(values: Mapping[str, object], *, where: str) -> RaidRow:
    """The row that RAID's columns describe.

    Args:
        values: With `id`, `model` and `domain`; `attack` and `source_id` where there are such columns.
        where: File and line, for errors.

    Raises:
        DataError: If id, model or domain is empty: nothing says then who wrote the text, and guessing makes people AI.
    """
    words = {name: _word(values.get(name)) for name in ("id", "model", "domain", "source_id")}
    for name in ("id", "model", "domain"):
        if not words[name]:
            hint = f" RAID writes {HUMAN!r} where a person wrote the text." if name == "model" else ""
            raise DataError(
                f"{where}: {name}: is {sample(repr(values.get(name)))}; expected a name.{hint} "
                "Fill it in, or leave the row out."
            )
    model = HUMAN if words["model"].lower() == HUMAN else words["model"]
    return RaidRow(words["id"], model, words["domain"], attack_name(values.get("attack")), words["source_id"])


def human_evidence(rows: Sequence[RaidRow], *, with_paraphrased: bool = False) -> Flags:
    """Which rows can show how often people are wrongly flagged, shape (n,).

    A paraphraser is a language model: what it makes of a human text was written by a model, whatever the label
    column says.

    Args:
        rows: n of them.
        with_paraphrased: Take human texts rewritten by a paraphraser all the same, as RAID does in its AUROC.
    """
    return np.array([row.is_human and (with_paraphrased or row.attack != PARAPHRASE) for row in rows], dtype=np.bool_)


def as_row_scores(scores: Sequence[float | None], rows: Sequence[RaidRow]) -> Floats:
    """The scores as floats, NaN where there is none, shape (n,).

    Args:
        scores: One per row, in order; None or NaN where the detector abstained.
        rows: n of them.

    Raises:
        MetricError: If there is not one per row, or one is infinite.
    """
    values = np.array([math.nan if score is None else score for score in scores], dtype=np.float64)
    n_infinite = int(np.isinf(values).sum())
    if values.shape != (len(rows),) or n_infinite:
        raise MetricError(
            f"There are {values.size:,} scores, {n_infinite:,} of them infinite, for {len(rows):,} rows; expected one "
            "finite score for each, or none where the detector abstained."
        )
    return values


def _word(value: object) -> str:
    is_nan = isinstance(value, float) and math.isnan(value)
    return "" if value is None or is_nan else str(value).strip()
