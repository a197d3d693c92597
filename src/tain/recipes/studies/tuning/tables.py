"""The results of a study as GitHub Markdown and as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tain.recipes.studies.spread import Spread
from tain.recipes.studies.tuning.measures import TITLES
from tain.recipes.studies.tuning.paired import Gap
from tain.recipes.studies.tuning.results import PairedTest, TuningRow

MIB = 1 << 20
NONE = "–"
HEAD = (
    "task", "base", "texts", "method", "learning rate", "seeds", "accuracy", "own measure", "trainable", "peak MiB",
    "activations MiB", "optimiser MiB", "seconds", "tokens/s",
)  # fmt: skip
TEST_HEAD = ("task", "base", "texts", "first", "second", "measure", "difference (95%)", "p", "p (Holm)")
WORDS = {"task", "base", "method", "own measure", "first", "second", "measure"}
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "–": "--",
    "<": "$<$",
    ">": "$>$",
}
_LATEX |= {sign: f"\\{sign}" for sign in "&%$#_{}"}


@dataclass(frozen=True)
class Results:
    """All that a study found.

    Attributes:
        rows: One for each task, backbone, size and contestant.
        tests: Paired tests between contestants.
        n_left: Steps that were not run yet.
    """

    rows: tuple[TuningRow, ...]
    tests: tuple[PairedTest, ...]
    n_left: int = 0


def markdown(results: Results) -> str:
    """Two tables and what the numbers mean."""
    parts = [_markdown_table(HEAD, [_cells(row) for row in results.rows]), *_notes(results)]
    if results.tests:
        parts += [_markdown_table(TEST_HEAD, [_test_cells(test) for test in results.tests]), _about_tests(results)]
    return "\n\n".join(parts) + "\n"


def latex(results: Results) -> str:
    r"""Two `tabular` environments, for a document with `\usepackage{booktabs}`."""
    parts = [_latex_table(HEAD, [_cells(row) for row in results.rows])]
    if results.tests:
        parts.append(_latex_table(TEST_HEAD, [_test_cells(test) for test in results.tests]))
    return "\n\n".join(parts) + "\n"


def _cells(row: TuningRow) -> tuple[str, ...]:
    own = ", ".join(f"{TITLES[name]} {_number(s)}" for name, s in row.measures.items() if name != "accuracy")
    return (
        row.task,
        row.base or NONE,
        f"{row.size:,}",
        row.contestant,
        _rate(row),
        f"{row.accuracy.n}" + (f" ({row.n_diverged} diverged)" if row.n_diverged else ""),
        _number(row.accuracy),
        own or NONE,
        f"{row.n_trainable:,}" if row.n_trainable is not None else NONE,
        _mib(row.peak_rss_bytes),
        _mib(row.activation_bytes),
        _mib(row.optimiser_bytes),
        _rough(row.train_s),
        _rough(row.tokens_per_s),
    )


def _rate(row: TuningRow) -> str:
    if row.rate is not None:
        return f"{row.rate:g}"
    return "all diverged" if row.sweep else NONE


def _number(spread: Spread) -> str:
    return str(spread) if spread.n else NONE


def _mib(n_bytes: int | None) -> str:
    if n_bytes is None:
        return NONE
    return f"{n_bytes / MIB:,.0f}" if n_bytes >= 10 * MIB else f"{n_bytes / MIB:.2f}"


def _rough(spread: Spread) -> str:
    if not spread.n:
        return NONE
    digits = 0 if spread.mean >= 100 else 1
    return f"{spread.mean:,.{digits}f}" + (f" ± {spread.sd:,.{digits}f}" if spread.sd is not None else "")


def _test_cells(test: PairedTest) -> tuple[str, ...]:
    return (
        test.task,
        test.base or NONE,
        f"{test.size:,}",
        test.first,
        test.second,
        TITLES[test.gap.measure],
        _gap(test.gap),
        _p(test.gap.p),
        _p(test.p_holm),
    )


def _gap(gap: Gap) -> str:
    if gap.value is None:
        return NONE
    ends = f" ({gap.low:+.3f} to {gap.high:+.3f})" if gap.low is not None and gap.high is not None else ""
    return f"{gap.value:+.3f}{ends}"


def _p(p: float | None) -> str:
    if p is None:
        return NONE
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def _notes(results: Results) -> list[str]:
    base = max((row.base_rss_bytes or 0 for row in results.rows), default=0)
    n_tests = sorted({row.n_test for row in results.rows})
    tested = f"{n_tests[0]:,}" if len(n_tests) == 1 else f"{n_tests[0]:,} to {n_tests[-1]:,}" if n_tests else "no"
    lines = [
        f"Mean ± standard deviation over the seeds, on {tested} test texts that are the same for all. The learning "
        "rate was chosen on validation texts with the first seed, from as many candidates for every method; the test "
        "texts chose nothing. Peak is the most resident memory of the training process, a process for every training, "
        f"of which up to {base / MIB:,.0f} MiB are Python and libraries before the backbone is loaded. Activations are "
        "what the forward pass of the largest batch keeps for the backward pass; seconds and tokens/s are those of the "
        "training steps, without evaluations and checkpoints."
    ]
    if taught := dict.fromkeys((row.contestant, row.teacher) for row in results.rows if row.teacher):
        told = ", ".join(f"{student} from {teacher}" for student, teacher in taught)
        lines.append(f"Taught: {told}, by its logits on the same training texts; the time of a teacher is its own.")
    if results.n_left:
        lines.append(f"**Not complete: {results.n_left:,} steps are left.** The same command goes on.")
    return lines


def _about_tests(results: Results) -> str:
    names = {test.gap.measure for test in results.tests} - {"accuracy"}
    other = " Other measures: paired bootstrap over the test texts, means of seeds." if names else ""
    return (
        "First minus second, paired by seed and test text. Accuracy: McNemar's test, the seeds of a text being one "
        f"group.{other} Holm: read together with the other tests of the same task, backbone, size and measure. These "
        "tests speak of other texts like these and the same trainings; the standard deviations speak of other seeds."
    )


def _markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    marks = ["---" if name in WORDS else "--:" for name in head]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "|".join(marks) + "|", *lines[1:]])


def _latex_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    marks = "".join("l" if name in WORDS else "r" for name in head)
    lines = [" & ".join(map(_escaped, row)) + r" \\" for row in (head, *rows)]
    begin = [rf"\begin{{tabular}}{{{marks}}}", r"\toprule", lines[0], r"\midrule"]
    return "\n".join([*begin, *lines[1:], r"\bottomrule", r"\end{tabular}"])


def _escaped(cell: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in cell)
