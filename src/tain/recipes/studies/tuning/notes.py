"""What stands under the tables of a study: what the numbers mean, and what would mislead a reader who was not told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tain.recipes.studies.tuning.results import PairedTest
from tain.recipes.studies.tuning.rows import TuningRow

MIB = 1 << 20
MARK = "†"


@dataclass(frozen=True)
class Results:
    """All that a study found.

    Attributes:
        rows: One for each task, backbone, size and contestant.
        tests: Paired tests between contestants.
        n_left: Steps of the whole study that were not run yet.
    """

    rows: tuple[TuningRow, ...]
    tests: tuple[PairedTest, ...]
    n_left: int = 0


def has_quantised(results: Results) -> bool:
    """Whether some row has weights in few bits.

    Args:
        results: Of a study.
    """
    return any(row.bits_per_weight is not None for row in results.rows)


def about_rows(results: Results) -> list[str]:
    """What the columns mean, and what a reader of the rows should know of them, a paragraph each.

    Args:
        results: Of a study.
    """
    base = max((row.base_rss_bytes or 0 for row in results.rows), default=0)
    n_tests = sorted({row.n_test for row in results.rows})
    tested = f"{n_tests[0]:,}" if len(n_tests) == 1 else f"{n_tests[0]:,} to {n_tests[-1]:,}" if n_tests else "no"
    lines = [
        f"Mean ± standard deviation over the seeds, on {tested} test texts that are the same for all. The learning "
        "rate was chosen on validation texts with the first seed, from as many candidates for every method; the test "
        "texts chose nothing. Peak is the most resident memory of the training process, a process for every training, "
        f"of which up to {base / MIB:,.0f} MiB are Python and libraries before the backbone is loaded. Activations are "
        "what the forward pass of the largest batch keeps for the backward pass; seconds and tokens/s are those of the "
        "training steps, without evaluations and checkpoints. A training that was interrupted and resumed shows no "
        "peak."
    ]
    if at := sorted({row.swept_at for row in results.rows if row.swept_at != row.size}):
        sizes = " or ".join(f"{size:,}" for size in at)
        lines.append(f"Rates were chosen at {sizes} training texts for all sizes of a task.")
    if odd := odd_budgets(results.rows):
        told = "; ".join(f"{row.contestant} on {row.task} at {row.size:,} texts {_budget(row)}" for row in odd)
        lines.append(f"{MARK} Trained or judged longer or shorter than the others of its task and size: {told}.")
    if has_quantised(results):
        lines.append(
            "Weights are all that is stored of the network after training, adapters and head among them. Bits/weight "
            "are those of the quantised matrices with their scales, adapters aside; weight error is how far matrices "
            "and adapters together were from the base before the first step, |W - Q - L1 L2| / |W|."
        )
    if taught := dict.fromkeys((row.contestant, row.teacher) for row in results.rows if row.teacher):
        told = ", ".join(f"{student} from {teacher}" for student, teacher in taught)
        lines.append(f"Taught: {told}, by its logits on the same training texts; the time of a teacher is its own.")
    if results.n_left:
        lines.append(f"**Not complete, steps left: {results.n_left:,}.** The same command, without --only, goes on.")
    return lines


def about_tests(results: Results) -> str:
    """What the columns of the paired tests mean.

    Args:
        results: With tests.
    """
    names = {test.gap.measure for test in results.tests} - {"accuracy"}
    other = " Other measures: paired bootstrap over the test texts, means of seeds." if names else ""
    return (
        "First minus second, paired by seed and test text, the mean over seeds; beside it the least and the greatest "
        "difference of a seed. Accuracy: McNemar's test, a text's seeds (and its group, where the task names groups) "
        f"being one.{other} Holm: read together with the other tests of the same task, backbone, size and measure. "
        "These tests speak of other texts like these and the same trainings; the range over seeds and the standard "
        "deviations speak of other trainings."
    )


def odd_budgets(rows: Sequence[TuningRow]) -> list[TuningRow]:
    """The rows that were trained for other passes, or judged another number of times, than most of their kind.

    Args:
        rows: Of a study; those of one task, backbone and size are of one kind.
    """
    kinds: dict[tuple[str, str, int], list[TuningRow]] = {}
    for row in rows:
        if row.n_epochs is not None:
            kinds.setdefault((row.task, row.base, row.size), []).append(row)
    usual = {kind: Counter((row.n_epochs, row.n_evaluations) for row in own) for kind, own in kinds.items()}
    return [
        row
        for kind, own in kinds.items()
        for row in own
        if (row.n_epochs, row.n_evaluations) != usual[kind].most_common(1)[0][0]
    ]


def _budget(row: TuningRow) -> str:
    evaluations = "1 evaluation" if row.n_evaluations == 1 else f"{row.n_evaluations} evaluations"
    return f"({row.n_epochs:g} passes, {evaluations})"
