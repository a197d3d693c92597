"""Which training teaches which: a student learns from its teacher's chosen training of the same task, size and seed.

A teacher says what it thinks of its own training texts while its model is there, right after it is tested. Its students
read that file, so no model has to be kept for them. Where an earlier study left a teacher's training without it, that
training is done again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tain.core.errors import TrainingError
from tain.recipes.studies.tuning.choice import chosen_rate

if TYPE_CHECKING:
    from tain.recipes.studies.tuning.cell import Cell
    from tain.recipes.studies.tuning.plan import Group, Plan


def teacher_of(plan: Plan, group: Group) -> Group | None:
    """The group whose trainings teach those of another; None if nobody does.

    Args:
        plan: Of the study.
        group: Whose teacher is asked for.
    """
    if group.variant is None or group.variant.of.teacher is None:
        return None
    name, base = group.variant.of.teacher, group.variant.of.teacher_base or group.base
    variant = next(variant for variant in plan.study.variants if variant.name == name)
    return replace(group, base=base, contestant=name, variant=variant)


def teaches(plan: Plan, group: Group) -> bool:
    """Whether another method of the study learns from this group.

    Args:
        plan: Of the study.
        group: Who may be a teacher.
    """
    methods = [method for method in plan.study.methods if method.teacher == group.contestant]
    return any(method.teacher_base in (None, group.base) for method in methods)


def taught_by(plan: Plan, group: Group, *, seed: int) -> Cell | None:
    """The training whose logits a training of a group learns from.

    Args:
        plan: Of the study.
        group: Of the student.
        seed: Of both.

    Returns:
        None without a teacher, or while its learning rate is not chosen.
    """
    teacher = teacher_of(plan, group)
    rate = chosen_rate(plan, teacher) if teacher else None
    return plan.cell(teacher, rate=rate, seed=seed) if teacher and rate is not None else None


def is_barred(plan: Plan, group: Group, *, seed: int) -> bool:
    """Whether a group cannot be trained with a seed because its teacher, or the teacher's own, diverged.

    Args:
        plan: Of the study.
        group: Of the student; one without a teacher never is.
        seed: Of both.
    """
    teacher = teacher_of(plan, group)
    if teacher is None or teacher.variant is None:
        return False
    if is_barred(plan, teacher, seed=seed):
        return True
    if (rate := chosen_rate(plan, teacher)) is not None:
        return plan.folder(plan.cell(teacher, rate=rate, seed=seed)).has_diverged
    return all(plan.folder(cell).has_diverged for cell in plan.sweep(teacher).values())


def with_teachers(plan: Plan, groups: Iterable[Group]) -> list[Group]:
    """The groups in an order in which every teacher stands before its students, teachers that were not named added.

    Args:
        plan: Of the study.
        groups: What is to be run.
    """
    found: dict[tuple[str, str, str, int], Group] = {}

    def add(group: Group) -> None:
        for own in (plan.sweeper(group), group):
            if (teacher := teacher_of(plan, own)) is not None:
                add(teacher)
        found.setdefault(group.key, group)

    for group in groups:
        add(group)
    return list(found.values())


def taught_logits(file: Path, ids: Sequence[str]) -> list[list[float]]:
    """What a teacher said of texts, in their order.

    Args:
        file: Predictions that a teacher's cell kept of its training texts.
        ids: Of the student's training texts.

    Raises:
        TrainingError: If the teacher was not asked about one of them.
    """
    from tain.recipes.studies.tuning.cell import CellFolder

    said = CellFolder(file.parent).predictions(file.name)
    rows = dict(zip(said.ids, said.logits.tolist(), strict=True))
    if missing := [name for name in ids if name not in rows]:
        raise TrainingError(
            f"{file} holds nothing about {len(missing):,} of {len(ids):,} training texts, such as {missing[0]!r}. "
            "Delete the folder it lies in and start the same command again."
        )
    return [rows[name] for name in ids]
