"""The results of a study of forgetting as GitHub Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tain.recipes.studies.forgetting.results import ForgettingRow, RetainedGap
from tain.recipes.studies.markdown_table import markdown_table
from tain.recipes.studies.spread import Spread
from tain.recipes.studies.tuning.measures import TITLES

NONE = "–"


@dataclass(frozen=True)
class ForgettingResults:
    """All that a study found.

    Attributes:
        rows: Backbones as they come, then one for each contestant and size.
        gaps: Against the reference.
        n_left: Trainings and tests that were not run yet.
        is_cut_short: Whether something of what was asked for was left.
    """

    rows: tuple[ForgettingRow, ...]
    gaps: tuple[RetainedGap, ...]
    n_left: int = 0
    is_cut_short: bool = False

    def markdown(self) -> str:
        """Two tables and what the numbers mean."""
        parts = [_main(self.rows), ABOUT_ROWS]
        if self.n_left:
            parts.append(f"**Not complete, steps left: {self.n_left:,}.** The same command goes on.")
        if written := _written_rows(self.rows):
            parts += [_as_table(WRITTEN_HEAD, written), ABOUT_WRITTEN]
        if self.gaps:
            parts += [_as_table(GAP_HEAD, [_gap(gap) for gap in self.gaps]), ABOUT_GAPS]
        return "\n\n".join(parts) + "\n"


ABOUT_ROWS = (
    "Mean ± standard deviation over the seeds. Learnt: the task's measure on texts that chose nothing. Retained: what "
    "the trained network, frozen, can still do on tasks that no training saw, read off the mean of its last layer's "
    "token states (a probe's and a retrieval's accuracy, Spearman's correlation of a similarity) or off what a decoder "
    "chooses and writes (how often it is right; of diversity, the share of texts that differ); the first row is "
    "the backbone before any training. Rank: the smallest number of singular values that hold 90% of the squared mass "
    "of a matrix's change, the median over the matrices that changed, and what it could be at most; moved: the length "
    "of the change over that of the matrix, likewise."
)
ABOUT_GAPS = (
    "First minus second, the mean over the seeds that both have, and beside it the least and the greatest difference "
    "of a seed. The interval of what is retained is a paired bootstrap over the tested texts, the same for both: it "
    "speaks of other texts and the same trainings, the range over seeds of other trainings."
)
ABOUT_WRITTEN = (
    "What decoders wrote: pass@k is the chance that one of k programs is right; distinct texts are those that differ, "
    "as a share of those drawn on one prompt, distinct-n different n-grams among all of them, and self-BLEU how alike "
    "they are. Means over prompts, ± standard deviation over the seeds."
)
WRITTEN_HEAD = ("task", "base", "texts", "method", "written on", "measure", "value")
GAP_HEAD = (
    "task", "base", "texts", "first", "second", "learnt more", "over seeds", "retains more (95%)", "over seeds",
)  # fmt: skip
WORDS = {"task", "base", "method", "first", "second", "written on", "measure"}


def _main(rows: Sequence[ForgettingRow]) -> str:
    names = list(rows[0].retained) if rows else []
    head = ("task", "base", "texts", "method", "learning rate", "seeds", "learnt", *names, "mean retained", "rank",
            "moved")  # fmt: skip
    return _as_table(head, [_cells(row, names) for row in rows])


def _cells(row: ForgettingRow, names: Sequence[str]) -> tuple[str, ...]:
    own = tuple(_number(row.retained[name]) for name in names)
    if not row.contestant:
        return (
            NONE,
            row.base,
            NONE,
            "none: as it comes",
            NONE,
            NONE,
            NONE,
            *own,
            _number(row.mean_retained),
            NONE,
            NONE,
        )
    rank = f"{row.effective_rank.mean:.0f} of {row.full_rank:.0f}" if row.full_rank else NONE
    return (
        row.task,
        row.base,
        f"{row.size:,}",
        row.contestant,
        f"{row.rate:g}" if row.rate is not None else NONE,
        f"{row.learnt.n}",
        f"{TITLES[row.measure]} {_number(row.learnt)}",
        *own,
        _number(row.mean_retained),
        rank,
        f"{row.relative_frobenius.mean:.3f}" if row.full_rank else NONE,
    )


def _written_rows(rows: Sequence[ForgettingRow]) -> list[tuple[str, ...]]:
    return [
        (row.task or NONE, row.base, f"{row.size:,}" if row.size else NONE, row.contestant or "none: as it comes", task,
         name, str(value))
        for row in rows
        for task, own in row.written.items()
        for name, value in own.items()
    ]  # fmt: skip


def _gap(gap: RetainedGap) -> tuple[str, ...]:
    learnt = sum(gap.learnt_by_seed.values()) / len(gap.learnt_by_seed)
    ends = f" ({gap.low:+.3f} to {gap.high:+.3f})" if gap.low is not None and gap.high is not None else ""
    return (
        gap.task,
        gap.base,
        f"{gap.size:,}",
        gap.first,
        gap.second,
        f"{learnt:+.3f}",
        _range(list(gap.learnt_by_seed.values())),
        f"{gap.value:+.3f}{ends}",
        _range(list(gap.by_seed.values())),
    )


def _range(values: Sequence[float]) -> str:
    return f"{min(values):+.3f} to {max(values):+.3f}" if len(values) > 1 else f"{values[0]:+.3f}"


def _number(spread: Spread) -> str:
    return str(spread) if spread.n else NONE


def _as_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return markdown_table(head, rows, words=WORDS)
