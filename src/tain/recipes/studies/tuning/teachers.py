"""Who may teach whom in a study of tuning: one method learns from the logits of another, and nobody from himself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tain.recipes.studies.tuning.configuration import Variant
    from tain.training.config import TrainingConfig


def require_taught(variant: Variant, training: TrainingConfig) -> None:
    """Return only if a contestant that is to follow a teacher has one, and one that has a teacher follows it.

    Args:
        variant: The contestant.
        training: Its settings.

    Raises:
        ValueError: With the setting that does not fit.
    """
    weight, teacher = training.distil_weight, variant.of.teacher
    if weight and teacher is None:
        raise ValueError(
            f"{variant.name}: training.distil_weight is {weight:g}, but nobody teaches it; expected 0, or the name of "
            "another method of the study in teacher"
        )
    if teacher is not None and not weight:
        raise ValueError(
            f"{variant.name}: teacher is {teacher!r}, but training.distil_weight is 0, so nothing is learned from it; "
            "give a share above 0, such as 0.5, or leave teacher out"
        )


def require_teachers(variants: Sequence[Variant], *, bases: Sequence[str]) -> None:
    """Return only if every teacher is a contestant that trains a network, and none learns from itself in the end.

    Args:
        variants: The contestants that train a network.
        bases: Backbones of the study.

    Raises:
        ValueError: With the contestant and the teacher that does not fit.
    """
    teachers = {variant.name: variant.of.teacher for variant in variants}
    for variant in variants:
        teacher, base = variant.of.teacher, variant.of.teacher_base
        if teacher is not None and teacher not in teachers:
            raise ValueError(f"{variant.name}: teacher is {teacher!r}; expected one of {_others(variant, teachers)}")
        if base is not None and (teacher is None or base not in bases):
            raise ValueError(
                f"{variant.name}: teacher_base is {base!r}; expected one of the study's bases {list(bases)}, beside a "
                "teacher"
            )
    for name in teachers:
        _require_an_end(name, teachers)


def _others(variant: Variant, names: Iterable[str]) -> list[str]:
    return [name for name in names if name != variant.name]


def _require_an_end(name: str, teachers: dict[str, str | None]) -> None:
    chain: list[str] = [name]
    while (teacher := teachers[chain[-1]]) is not None:
        chain.append(teacher)
        if teacher in chain[:-1]:
            told = " from ".join(chain)
            raise ValueError(f"{name}: {told}: each learns from the next, so nobody could begin; name another teacher")
