"""A Report of a classifier as tables on the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from tain.evaluation import wording
from tain.evaluation.multiclass import ClassMeasures
from tain.evaluation.terminal_table import number_cells, rate_cells, table

N_ROWS = 40


def class_tables(measures: ClassMeasures) -> RenderableType:
    """What to give to `rich.print`: measures over all labels, then of each label.

    Args:
        measures: Of any test.
    """
    return Group(_whole(measures), "", _labels(measures))


def _whole(found: ClassMeasures) -> Table:
    made = table("All labels", "Measure", "Value", "95% interval", "Note")
    made.add_row("Accuracy, micro F1", *rate_cells(found.accuracy), wording.count_text(found.accuracy))
    made.add_row("Most frequent label", *rate_cells(found.majority), wording.count_text(found.majority))
    for name, number in (("Macro F1", found.macro_f1), ("Balanced accuracy", found.balanced_accuracy)):
        made.add_row(name, *number_cells(number), number.reason or "")
    return made


def _labels(found: ClassMeasures) -> Table:
    rows = found.classes
    made = table("By label", "Label", "Texts", "Precision", "Recall", "F1", "95% interval", "Mostly taken for")
    for i, row in enumerate(rows[:N_ROWS]):
        rates = wording.rate_text(row.precision), wording.rate_text(row.recall)
        made.add_row(escape(row.name), f"{row.n:,}", *rates, *number_cells(row.f1), escape(_taken_for(found, i)))
    return made


def _taken_for(found: ClassMeasures, i: int) -> str:
    wrong = [(n, j) for j, n in enumerate(found.confusion[i]) if j != i and n]
    if not wrong:
        return ""
    n, j = max(wrong, key=lambda pair: (pair[0], -pair[1]))
    return f"{found.classes[j].name} ({n:,})"
