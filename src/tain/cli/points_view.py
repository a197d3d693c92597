"""The operating points of a detector for people to read."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tain.detector import Detector


def show_points(detector: Detector, *, console: Console | None = None) -> None:
    """Print the operating points, and why others are missing.

    Args:
        detector: Calibrated.
        console: Where to; None means stderr, as this is talk.
    """
    out = console or Console(stderr=True)
    record = detector.settings.calibration
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("target FPR", "threshold", "human texts", "above it", "FPR at most (95%)", ""):
        table.add_column(name, justify="right", no_wrap=True)
    for point in record.points:
        table.add_row(
            f"{100 * point.target_fpr:g}%",
            f"{point.threshold:.4f}",
            f"{point.n_human:,}",
            f"{point.n_above:,}",
            f"{100 * point.fpr_upper:.2f}%",
            "default" if point.target_fpr == detector.settings.default_fpr else "",
        )
    out.print(table)
    short = f"{record.n_too_short:,} texts are shorter than {detector.settings.min_words} words and were left out."
    for line in (*record.refused.values(), short if record.n_too_short else "", record.note):
        if line:
            out.print(Text(line), soft_wrap=True)
