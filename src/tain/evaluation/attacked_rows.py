"""The parts of a Report that say what attacks do."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from tain.evaluation.intervals import Estimate, Rate

UNATTACKED = "none"
MODEL_WRITTEN = frozenset({"paraphrase", "back_translation"})
"""Attacks that a language model makes: what they make of a human text is no human text any more."""

_NULL_WORDS = frozenset({"", "none", "null", "nan", "n/a", "na", "<na>"})


def attack_name(value: object) -> str:
    """The attack that a raw value names, in lower case; `none` for "none", null, NaN and nothing: all mean unattacked.

    Args:
        value: As a column holds it.
    """
    word = "" if value is None else str(value).strip().lower()
    return UNATTACKED if word in _NULL_WORDS else word


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class AtThreshold(_Part):
    """Both rates at one threshold.

    Attributes:
        target_fpr: The rate that the threshold was fitted for.
        threshold: In units of the score; None where the texts are too few to fit one.
        tpr: Attacked AI texts above it.
        fpr: Attacked human texts above it.
    """

    target_fpr: float
    threshold: float | None
    tpr: Rate
    fpr: Rate


class AttackRow(_Part):
    """What one attack does.

    Attributes:
        attack: Its name; `none` for the texts as they were.
        n_human: Attacked human texts with a score.
        n_ai: Attacked AI texts with a score.
        coverage: Attacked texts with a score.
        at_points: At the stored operating points, in their order.
        at_fixed_fprs: At thresholds from the unattacked human texts of this test: for comparing detectors, never for
            use.
        auroc_clean_negatives: Attacked AI texts against unattacked human texts.
        auroc_all_negatives: Attacked AI texts against human texts unattacked and under every attack, which is how RAID
            takes its AUROC: an attack on human texts that lifts their scores then lowers it for all attacks.
        is_small: Too few texts to build on.
    """

    attack: str
    n_human: int
    n_ai: int
    coverage: Rate
    at_points: tuple[AtThreshold, ...]
    at_fixed_fprs: tuple[AtThreshold, ...]
    auroc_clean_negatives: Estimate
    auroc_all_negatives: Estimate
    is_small: bool
