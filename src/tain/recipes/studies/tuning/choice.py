"""The learning rate of a group: the best of its sweep on validation texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tain.recipes.studies.tuning.cell import VALID, CellFolder
from tain.recipes.studies.tuning.measures import mean_loss, measure

if TYPE_CHECKING:
    from tain.recipes.studies.tuning.plan import Group, Plan


def choose(plan: Plan, group: Group) -> float | None:
    """The learning rate with the best validation score, the lower one of equals in score and loss.

    Args:
        plan: Of the study.
        group: Whose sweep is done; None if one is missing, or all diverged.
    """
    found: list[tuple[float, float, float]] = []
    for rate, cell in plan.sweep(group).items():
        folder = plan.folder(cell)
        if not folder.is_trained:
            return None
        if not folder.has_diverged:
            found.append((*_merit(folder, group), -rate))
    return -max(found)[2] if found else None


def chosen_rate(plan: Plan, group: Group) -> float | None:
    """What `choose` finds, found once.

    Args:
        plan: Of the study.
        group: Whose sweep may be done.
    """
    if group.key not in plan.chosen and (rate := choose(plan, group)) is not None:
        plan.chosen[group.key] = rate
    return plan.chosen.get(group.key)


def _merit(folder: CellFolder, group: Group) -> tuple[float, float]:
    predictions = folder.predictions(VALID)
    value = measure(predictions, group.texts.measures[0])
    return (float("-inf") if value is None else value), -mean_loss(predictions)
