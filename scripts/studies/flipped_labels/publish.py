"""Write docs/results/flipped-labels.md and its pictures from the cells that are done.

    python scripts/studies/flipped_labels/publish.py build/flipped-labels docs/results/flipped-labels.md

What stands around the tables is written by hand. Cells that are not there are named, and left out of the means.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pictures import draw
from plan import RANKS, REMOVED_BY, RETRAINED_RANK, TASKS, cells

from tain.core.files import read_json, whole_file, write_json

BEGIN, END = "<!-- {name}: begin -->", "<!-- {name}: end -->"
RANKINGS = (
    "datainf", "hessian_free", "scaled_hessian_free", "lissa", "exact", "tracin", "representation", "loss",
    "out_of_fold", "neighbours", "combined",
)  # fmt: skip
COSTED = ("datainf", "hessian_free", "scaled_hessian_free", "lissa", "exact", "tracin", "representation")
LOOPED = ("hessian_free", "scaled_hessian_free", "datainf", "lissa")
ARMS = ("all", "random", *REMOVED_BY, "clean")
Found = dict[str, Any]


def read(folder: Path) -> tuple[list[Found], dict[str, dict[str, Found]]]:
    """The cells that are done, and for each the trainings without its suspects, by arm."""
    done, again = [], {}
    for cell in cells():
        file = folder / f"{cell.name}.json"
        if file.is_file():
            done.append(read_json(file) | {"name": cell.name})
            files = {arm: folder / f"{cell.name}.{arm}.json" for arm in ARMS}
            again[cell.name] = {arm: read_json(path) for arm, path in files.items() if path.is_file()}
    return done, again


def aucs(done: Sequence[Found]) -> Iterator[list[str]]:
    for name in RANKINGS:
        yield [name, *(cell([f["rankings"][name]["auc"] for f in group]) for group in by_task_and_rank(done))]


def correlations(done: Sequence[Found]) -> Iterator[list[str]]:
    for name in RANKINGS[:7]:
        if name != "exact":
            groups = by_task_and_rank(done)
            yield [name, *(cell([f["rankings"][name]["spearman"] for f in group]) for group in groups)]


def costs(done: Sequence[Found]) -> Iterator[list[str]]:
    for name in COSTED:
        row = [name]
        for rank in sorted(RANKS):
            group = [f for f in done if f["rank"] == rank]
            own = [f["estimate_s"][name] for f in group]
            needs = 0.0 if name == "representation" else 1.0
            row += [cell(own, form=".2f"), cell([f["gradient_s"] * needs + s for f, s in zip(group, own, strict=True)],
                    form=".1f"), cell([megabytes(f, name) for f in group], form=".1f", has_spread=False)]  # fmt: skip
        yield row


def megabytes(found: Found, name: str) -> float:
    """What an estimator reads: gradients at one or more sets of weights, or representations."""
    if name == "representation":
        return float(4 * 2 * 384 * found["n_train"] / 1e6)
    return float(found["gradient_bytes"] * (found["n_checkpoints"] if name == "tracin" else 1) / 1e6)


def speeds(done: Sequence[Found]) -> Iterator[list[str]]:
    for found in (f for f in done if f["speed"]):
        speed, n = found["speed"], found["speed"]["n_texts"]
        loop, batched = speed["gradients_loop_s_per_text"], speed["gradients_batched_s_per_text"]
        plain, ours = (speed["influence"]["datainf"][way] for way in ("loop_s", "vectorised_s"))
        yield [
            f"{found['task']}, rank {found['rank']}",
            f"{speed['tokens_per_text']:.0f}",
            f"{1000 * loop:.0f}",
            f"{1000 * batched:.0f}",
            f"{loop / batched:.1f}",
            f"{(n * loop + plain) / (n * batched + ours):.1f}",
        ]


def estimator_speeds(done: Sequence[Found]) -> Iterator[list[str]]:
    for found in (f for f in done if f["speed"]):
        each = [found["speed"]["influence"][kind] for kind in LOOPED]
        yield [
            f"{found['task']}, rank {found['rank']}",
            *(f"{e['loop_s']:.2f} / {e['vectorised_s']:.3f} = {e['loop_s'] / e['vectorised_s']:.0f}" for e in each),
        ]


def trained_again(done: Sequence[Found], again: dict[str, dict[str, Found]]) -> Iterator[list[str]]:
    for task in TASKS:
        own = [f for f in done if f["task"] == task.name and f["rank"] == RETRAINED_RANK]
        row = [task.name]
        for arm in ARMS:
            found = [f["accuracy"] if arm == "all" else again[f["name"]].get(arm, {}).get("accuracy") for f in own]
            row.append(cell([value for value in found if value is not None]))
        yield row


def wrong_left(done: Sequence[Found], again: dict[str, dict[str, Found]]) -> Iterator[list[str]]:
    for task in TASKS:
        own = [f for f in done if f["task"] == task.name and f["rank"] == RETRAINED_RANK]
        row = [task.name, f"{own[0]['n_flipped']} of {own[0]['n_train']}" if own else "–"]
        for arm in ("random", *REMOVED_BY):
            parts = [again[f["name"]][arm] for f in own if arm in again[f["name"]]]
            row.append(cell([p["n_wrong_left"] for p in parts], form=".0f"))
        yield row


def by_task_and_rank(done: Sequence[Found]) -> list[list[Found]]:
    """Cells of each column: by task, then by rank."""
    return [
        [f for f in done if f["task"] == task.name and f["rank"] == rank] for task in TASKS for rank in sorted(RANKS)
    ]


def cell(values: Sequence[float], *, form: str = ".3f", has_spread: bool = True) -> str:
    if not values:
        return "–"
    spread = f" ± {np.std(values, ddof=1):{form}}" if len(values) > 1 and has_spread else ""
    return f"{np.mean(values):{form}}{spread}"


def table(head: Sequence[str], rows: Iterator[list[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|---{'|--:' * (len(head) - 1)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def progress(done: Sequence[Found], again: dict[str, dict[str, Found]]) -> str:
    wanted, n_arms = [each.name for each in cells()], sum(map(len, again.values()))
    missing = [name for name in wanted if name not in {f["name"] for f in done}]
    n_wanted = sum(each.rank == RETRAINED_RANK for each in cells()) * (len(ARMS) - 1)
    text = f"{len(done)} of {len(wanted)} cells and {n_arms} of {n_wanted} further trainings are in the tables."
    return text if not missing else f"{text} Not yet run: {', '.join(missing)}."


def tables(done: Sequence[Found], again: dict[str, dict[str, Found]]) -> dict[str, str]:
    columns = [f"{task.name}, {rank}" for task in TASKS for rank in sorted(RANKS)]
    cost = [f"{what}, rank {rank}" for rank in sorted(RANKS) for what in ("alone", "with gradients", "MB")]
    speed = ["cell", "tokens", "loop, ms a text", "batched", "times", "a whole DataInf, times"]
    return {
        "progress": progress(done, again),
        "auc": table(["ranking", *columns], aucs(done)),
        "correlation": table(["ranking", *columns], correlations(done)),
        "cost": table(["estimator", *cost], costs(done)),
        "speed": table(speed, speeds(done)),
        "estimators": table(["cell", *LOOPED], estimator_speeds(done)),
        "accuracy": table(["task", "all", "without random", *(f"without {n}" for n in REMOVED_BY), "clean labels"],
                          trained_again(done, again)),
        "left": table(["task", "flipped", "random", *REMOVED_BY], wrong_left(done, again)),
    }  # fmt: skip


def main(folder: Path, page: Path) -> None:
    done, again = read(folder)
    if not done:
        raise SystemExit(f"{folder}: no cell is done yet. Run run.py first.")
    text = page.read_text(encoding="utf-8")
    for name, content in tables(done, again).items():
        before, begin, rest = text.partition(BEGIN.format(name=name))
        _, end, after = rest.partition(END.format(name=name))
        if not begin or not end:
            raise SystemExit(f"{page} lacks the markers of {name}.")
        text = f"{before}{begin}\n{content}\n{end}{after}"
    with whole_file(page) as part:
        part.write_text(text, encoding="utf-8")
    kept = [{key: value for key, value in f.items() if key != "suspects"} for f in done]
    write_json(page.with_suffix(".json"), {"cells": kept, "again": again})
    draw(done, page)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
