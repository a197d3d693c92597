"""The table of a leave-one-out study: means over seeds with their spread, worst first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from tain.evaluation.intervals import clopper_pearson
from tain.recipes.studies.leave_one_out import Cell
from tain.recipes.studies.spread import Spread, spread

MACRO = "mean of corpora"


@dataclass(frozen=True)
class Row:
    """What one contestant did on one corpus held out.

    Attributes:
        corpus: Its name; the last rows are means of corpora.
        contestant: Who.
        auroc: Over seeds.
        tpr_at_target: TPR where the corpus's own human texts set the threshold; for comparing, never for use.
        fpr: Achieved at the threshold fixed beforehand.
        fpr_high: Upper end of the exact 95% interval of the seed with the highest rate; None for means.
        tpr: Achieved at the threshold fixed beforehand.
    """

    corpus: str
    contestant: str
    auroc: Spread
    tpr_at_target: Spread
    fpr: Spread
    fpr_high: float | None
    tpr: Spread


def rows(cells: Sequence[Cell]) -> list[Row]:
    """A row for each corpus and contestant, corpora by their highest false positive rate, then the means.

    Where a corpus was tested with several parts held out, as with generators, each of them has rows of its own: a
    spread is over seeds and nothing else.

    Args:
        cells: Of one study; seeds that lack a corpus are left out of its mean.
    """
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    held: dict[str, set[object]] = {}
    for cell in cells:
        for corpus in _corpora(cell):
            held.setdefault(corpus, set()).add(cell["held"])
    for cell in cells:
        for corpus, own in _corpora(cell).items():
            name = corpus if len(held[corpus]) == 1 else f"{corpus}, {cell['held']} held out"
            found.setdefault((name, str(cell["contestant"])), []).append(own)
    contestants = list(dict.fromkeys(name for _, name in found))
    table = [_row(corpus, name, own) for (corpus, name), own in found.items()]
    worst = {corpus: max(row.fpr.mean for row in table if row.corpus == corpus) for corpus, _ in found}
    table.sort(key=lambda row: (-worst[row.corpus], row.corpus, contestants.index(row.contestant)))
    return table + [_macro(name, cells) for name in contestants]


def _corpora(cell: Cell) -> dict[str, dict[str, Any]]:
    corpora = cell["corpora"]
    assert isinstance(corpora, dict), "a cell measures corpora"
    return corpora


def _row(corpus: str, contestant: str, own: Sequence[dict[str, Any]]) -> Row:
    worst = max(own, key=lambda one: float(one["fpr"]["rate"]))["fpr"]
    return Row(
        corpus,
        contestant,
        auroc=spread(one["auroc"] for one in own),
        tpr_at_target=spread(one["tpr_at_target"] for one in own if one["tpr_at_target"] is not None),
        fpr=spread(one["fpr"]["rate"] for one in own),
        fpr_high=clopper_pearson(worst["k"], worst["n"])[1],
        tpr=spread(one["tpr"]["rate"] for one in own),
    )


def _macro(contestant: str, cells: Sequence[Cell]) -> Row:
    """The mean of corpora for each seed, then over seeds."""
    by_seed: dict[object, list[dict[str, Any]]] = {}
    for cell in cells:
        if cell["contestant"] == contestant:
            by_seed.setdefault(cell["seed"], []).extend(_corpora(cell).values())
    n_most = max(map(len, by_seed.values()))
    whole = [own for own in by_seed.values() if len(own) == n_most]  # a seed that is half done would shift the mean

    def over(pick: Any) -> Spread:  # noqa: ANN401 (a way into nested JSON)
        return spread(mean(value for one in own if (value := pick(one)) is not None) for own in whole)

    return Row(
        MACRO,
        contestant,
        auroc=over(lambda one: one["auroc"]),
        tpr_at_target=over(lambda one: one["tpr_at_target"]),
        fpr=over(lambda one: one["fpr"]["rate"]),
        fpr_high=None,
        tpr=over(lambda one: one["tpr"]["rate"]),
    )


def markdown(table: Sequence[Row], *, target_fpr: float) -> str:
    """The table as GitHub Markdown."""
    percent = f"{100 * target_fpr:g}%"
    head = (
        f"| held out | contestant | seeds | AUROC | TPR at {percent} FPR | FPR at the fixed {percent} threshold | "
        "at most (95%) | TPR there |"
    )
    lines = [head, "|---|---|--:|--:|--:|--:|--:|--:|"]
    for row in table:
        high = "" if row.fpr_high is None else f"{row.fpr_high:.3f}"
        cells = (row.corpus, row.contestant, row.auroc.n, row.auroc, row.tpr_at_target, row.fpr, high, row.tpr)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"
