"""The results of a study as GitHub Markdown and as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

from tain.recipes.studies.markdown_table import markdown_table
from tain.recipes.studies.spread import Spread
from tain.recipes.studies.tuning.measures import TITLES
from tain.recipes.studies.tuning.notes import MARK, MIB, Results, about_rows, about_tests, has_quantised, odd_budgets
from tain.recipes.studies.tuning.paired import Gap
from tain.recipes.studies.tuning.results import PairedTest
from tain.recipes.studies.tuning.rows import TuningRow

NONE = "–"
HEAD = (
    "task", "base", "texts", "method", "learning rate", "seeds", "accuracy", "own measure", "trainable", "peak MiB",
    "activations MiB", "optimiser MiB", "seconds", "tokens/s",
)  # fmt: skip
QUANTISED_HEAD = ("weights MiB", "bits/weight", "weight error")
TEST_HEAD = (
    "task", "base", "texts", "first", "second", "measure", "difference (95%)", "over seeds", "p", "p (Holm)",
)  # fmt: skip
WORDS = {"task", "base", "method", "own measure", "first", "second", "measure"}
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "†": r"$\dagger$",
    "–": "--",
    "<": "$<$",
    ">": "$>$",
}
_LATEX |= {sign: f"\\{sign}" for sign in "&%$#_{}"}


def markdown(results: Results) -> str:
    """Two tables and what the numbers mean."""
    parts = [_as_table(*_main_table(results)), *about_rows(results)]
    if results.tests:
        parts += [_as_table(TEST_HEAD, [_test_cells(test) for test in results.tests]), about_tests(results)]
    return "\n\n".join(parts) + "\n"


def latex(results: Results) -> str:
    r"""Two `tabular` environments, for a document with `\usepackage{booktabs}`."""
    parts = [_latex_table(*_main_table(results))]
    if results.tests:
        parts.append(_latex_table(TEST_HEAD, [_test_cells(test) for test in results.tests]))
    return "\n\n".join(parts) + "\n"


def _main_table(results: Results) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows; what few bits save has columns only where somebody has few bits."""
    odd = odd_budgets(results.rows)
    cells = [_cells(row, is_marked=row in odd) for row in results.rows]
    if not has_quantised(results):
        return HEAD, cells
    place = HEAD.index("peak MiB")
    more = [_quantised_cells(row) for row in results.rows]
    wide = [own[:place] + new + own[place:] for own, new in zip(cells, more, strict=True)]
    return HEAD[:place] + QUANTISED_HEAD + HEAD[place:], wide


def _quantised_cells(row: TuningRow) -> tuple[str, ...]:
    return (
        _mib(row.weight_bytes),
        NONE if row.bits_per_weight is None else f"{row.bits_per_weight:.3f}",
        NONE if row.weight_error is None else f"{row.weight_error:.3f}",
    )


def _cells(row: TuningRow, *, is_marked: bool) -> tuple[str, ...]:
    own = ", ".join(f"{TITLES[name]} {_number(s)}" for name, s in row.measures.items() if name != "accuracy")
    return (
        row.task,
        row.base or NONE,
        f"{row.size:,}",
        f"{row.contestant} {MARK}" if is_marked else row.contestant,
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
        _range(test),
        _p(test.gap.p),
        _p(test.p_holm),
    )


def _gap(gap: Gap) -> str:
    if gap.value is None:
        return NONE
    ends = f" ({gap.low:+.3f} to {gap.high:+.3f})" if gap.low is not None and gap.high is not None else ""
    return f"{gap.value:+.3f}{ends}"


def _range(test: PairedTest) -> str:
    values = [value for value in test.by_seed.values() if value is not None]
    if not values:
        return NONE
    return f"{min(values):+.3f} to {max(values):+.3f}" if len(values) > 1 else f"{values[0]:+.3f}"


def _p(p: float | None) -> str:
    if p is None:
        return NONE
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def _latex_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    marks = "".join("l" if name in WORDS else "r" for name in head)
    lines = [" & ".join(map(_escaped, row)) + r" \\" for row in (head, *rows)]
    begin = [rf"\begin{{tabular}}{{{marks}}}", r"\toprule", lines[0], r"\midrule"]
    return "\n".join([*begin, *lines[1:], r"\bottomrule", r"\end{tabular}"])


def _escaped(cell: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in cell)


def _as_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return markdown_table(head, rows, words=WORDS)
