"""The tables of a study of a suite, from the cells that are done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev
from typing import Any

from tain.evaluation.intervals import t_quantile
from tain.recipes.studies.spread import Spread, spread

TITLES = {
    "base": "no adapter",
    "mean": "mean of the trained tasks' adapters",
    "nearest": "adapter of the task with the nearest description",
    "shared": "one LoRA for all trained tasks",
    "oracle": "LoRA trained on the task itself",
    "reconstruction": "Text-to-LoRA {}, reconstruction",
    "supervised": "Text-to-LoRA {}, supervised",
}
ORDER = ("base", "mean", "nearest", "shared", "reconstruction", "supervised", "oracle")
SEEDED = frozenset(("shared", "reconstruction", "supervised"))
METRICS = ("accuracy", "auroc")
Cells = Sequence[dict[str, Any]]
Rows = Iterable[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Line:
    """One arm of the study.

    Attributes:
        title: For people.
        accuracy: On a group of tasks: the mean over descriptions, then tasks, then the spread over seeds.
        auroc: Likewise.
    """

    title: str
    accuracy: Spread
    auroc: Spread


@dataclass(frozen=True, slots=True)
class Gap:
    """The difference of two arms on the same tasks.

    Attributes:
        mean: Over tasks, each averaged over descriptions and seeds.
        low: Lower end of its 95% interval, by Student's t over tasks.
        high: Upper end.
        n_tasks: How many there are.
    """

    mean: float
    low: float
    high: float
    n_tasks: int

    def __str__(self) -> str:
        """In points, such as +3.1 [-0.4, +6.6]."""
        return f"{100 * self.mean:+.1f} [{100 * self.low:+.1f}, {100 * self.high:+.1f}]"


def lines(cells: Cells, wanted: Callable[[dict[str, Any]], bool]) -> list[Line]:
    """A line for each arm that has such rows.

    Args:
        cells: Of a study.
        wanted: Which rows of a cell count.
    """
    arms: dict[tuple[int, str, str], list[dict[str, Any]]] = defaultdict(list)
    for cell in cells:
        if own := [row for row in cell["rows"] if wanted(row)]:
            title = TITLES[cell["arm"]].format(cell["form"])
            arms[ORDER.index(cell["arm"]), cell["form"] or "", title].append({**cell, "rows": own})
    return [
        Line(title, *(spread(mean(by_task(cell["rows"], name).values()) for cell in arms[key]) for name in METRICS))
        for key in sorted(arms)
        for title in (key[2],)
    ]


def by_task(rows: Rows, metric: str) -> dict[str, float]:
    """The mean over descriptions for each task."""
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        found[row["task"]].append(row[metric])
    return {task: mean(values) for task, values in found.items()}


def gap(cells: Cells, first: tuple[str, str | None], second: tuple[str, str | None], metric: str) -> Gap | None:
    """How much better the first arm is than the second on the held-out tasks; None where one of them is not there.

    Of two arms that were trained with several seeds only those that both have are compared.

    Args:
        cells: Of a study.
        first: Arm and form.
        second: Arm and form.
        metric: `accuracy` or `auroc`.
    """
    seeds = [{cell["seed"] for cell in cells if (cell["arm"], cell["form"]) == arm} for arm in (first, second)]
    shared = seeds[0] & seeds[1] if {first[0], second[0]} <= SEEDED else seeds[0] | seeds[1]
    found = [_task_means([cell for cell in cells if cell["seed"] in shared], arm, metric) for arm in (first, second)]
    tasks = sorted(set(found[0]) & set(found[1]))
    if len(tasks) < 2:
        return None
    differences = [found[0][task] - found[1][task] for task in tasks]
    half = t_quantile(len(tasks) - 1) * stdev(differences) / sqrt(len(tasks))
    centre = mean(differences)
    return Gap(centre, centre - half, centre + half, len(tasks))


def is_held(row: dict[str, Any]) -> bool:
    """Whether a row asks a held-out task by a description of its own."""
    return bool(row["held_out"]) and not row.get("is_random", False)


def is_random(row: dict[str, Any]) -> bool:
    """Whether a row asks a held-out task by a description of nothing."""
    return bool(row.get("is_random", False))


def is_trained(row: dict[str, Any]) -> bool:
    """Whether a row asks a task that was trained on, in a new wording where there is one."""
    return not row["held_out"] and not row.get("is_known", False)


def is_known(row: dict[str, Any]) -> bool:
    """Whether a row asks for an adapter that was learnt, in a wording that was learnt, or is that adapter's own."""
    return not row["held_out"] and (row["description"] is None or row.get("is_known", False))


def markdown(cells: Cells) -> str:
    """All tables as GitHub Markdown.

    Args:
        cells: Of a study, as many as are done.
    """
    parts = [
        "### Held-out tasks\n",
        _table(lines(cells, is_held)),
        "### Held-out tasks, asked by random descriptions\n",
        _table(lines(cells, is_random)),
        "### Trained tasks, new texts (and new wordings for Text-to-LoRA)\n",
        _table(lines(cells, is_trained)),
        "### Trained adapters and their reconstruction, asked in wordings that were learnt\n",
        _table(lines([cell for cell in cells if cell["arm"] in ("oracle", "reconstruction")], is_known)),
        "### Differences on the held-out tasks, in points\n",
        _gaps(cells),
        "### Held-out tasks one by one, accuracy\n",
        _by_task(cells),
        "### Networks\n",
        _networks(cells),
    ]
    return "\n".join(part for part in parts if part)


def _task_means(cells: Cells, arm: tuple[str, str | None], metric: str) -> dict[str, float]:
    rows = [row for cell in cells if (cell["arm"], cell["form"]) == arm for row in cell["rows"] if is_held(row)]
    return by_task(rows, metric)


def _table(found: Sequence[Line]) -> str:
    if not found:
        return "Not run yet.\n"
    head = "| | accuracy | AUROC | seeds |\n|---|---|---|---|\n"
    return head + "".join(f"| {x.title} | {x.accuracy} | {x.auroc} | {x.accuracy.n} |\n" for x in found)


def _gaps(cells: Cells) -> str:
    forms = sorted({cell["form"] for cell in cells if cell["arm"] == "supervised"})
    pairs = [(("supervised", form), (other, None)) for form in forms for other in ("shared", "nearest", "mean")]
    pairs += [(("oracle", None), ("supervised", form)) for form in forms]
    head = "| | accuracy | AUROC | tasks |\n|---|---|---|---|\n"
    rows = []
    for first, second in pairs:
        both = [gap(cells, first, second, metric) for metric in METRICS]
        if both[0] is not None:
            title = " against ".join(TITLES[arm].format(form) for arm, form in (first, second))
            rows.append(f"| {title} | {both[0]} | {both[1]} | {both[0].n_tasks} |\n")
    return head + "".join(rows) if rows else "Not run yet.\n"


def _by_task(cells: Cells) -> str:
    arms = {(cell["arm"], cell["form"]): None for cell in sorted(cells, key=lambda c: ORDER.index(c["arm"]))}
    means = {arm: found for arm in arms if (found := _task_means(cells, arm, "accuracy"))}
    tasks = sorted({task for found in means.values() for task in found})
    if not tasks:
        return "Not run yet.\n"
    head = f"| | {' | '.join(tasks)} |\n|---|{'---|' * len(tasks)}\n"
    body = (
        f"| {TITLES[arm].format(form)} | {' | '.join(f'{found[task]:.3f}' for task in tasks)} |\n"
        for (arm, form), found in means.items()
    )
    return head + "".join(body)


def _networks(cells: Cells) -> str:
    head = "| | parameters | loss at the end | steps | seeds |\n|---|---|---|---|---|\n"
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for cell in cells:
        if "n_parameters" in cell:
            groups[TITLES[cell["arm"]].format(cell["form"])].append(cell)
    rows = (
        f"| {title} | {own[0]['n_parameters']:,} | {spread(cell['loss'] for cell in own)} | {own[0]['n_steps']:,} | "
        f"{len(own)} |\n"
        for title, own in sorted(groups.items())
    )
    return head + "".join(rows) if groups else "Not run yet.\n"
