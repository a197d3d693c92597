"""A Verdict for people to read."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tain.detector.verdict import CAVEAT, Verdict

COLOURS = {"ai": "bold red", "human": "bold green", "too_short": "bold yellow"}
SNIPPET_CHARS = 48


def show_verdict(verdict: Verdict, *, console: Console | None = None) -> None:
    """Print a Verdict: label, what supports it, where in the text, and what weakens it.

    Args:
        verdict: Of one text.
        console: Where to; None means stdout.
    """
    out = console or Console()
    out.print(Text(headline(verdict), style=COLOURS[verdict.label]), soft_wrap=True)
    for line in details(verdict):
        out.print(Text(line), soft_wrap=True)
    if len(verdict.windows) > 1:
        out.print(_windows(verdict))
    for warning in verdict.warnings:
        out.print(Text(f"Mind: {warning}", style="yellow"), soft_wrap=True)
    out.print(Text(CAVEAT, style="dim"), soft_wrap=True)


def headline(verdict: Verdict) -> str:
    """The label in words."""
    if verdict.label == "too_short":
        return "not enough text"
    side = "above" if verdict.label == "ai" else "not above"
    return (
        f"{verdict.label}: the score {verdict.score:.3f} is {side} the threshold {verdict.threshold:.3f} "
        f"for a false positive rate of {100 * verdict.target_fpr:g}%"
    )


def details(verdict: Verdict) -> Iterator[str]:
    """What supports the label, a line each."""
    if verdict.evidence:
        yield verdict.evidence.sentence
    if verdict.probability is not None:
        yield (
            f"Probability of AI: {_percent(verdict.probability)}, if {100 * verdict.prior:g}% of the texts you check "
            "are AI (--prior)."
        )
    elif verdict.probability_reason:
        yield verdict.probability_reason
    if verdict.score is not None:
        windows = "window" if verdict.n_windows == 1 else "windows"
        yield (
            f"{verdict.n_words:,} words in {verdict.n_windows:,} {windows}, read by {verdict.model.name} "
            f"{verdict.model.version} ({verdict.model.sha256[:12]})."
        )


def _percent(share: float) -> str:
    if share > 0.999:
        return "above 99.9%"
    return "below 0.1%" if share < 0.001 else f"{100 * share:.1f}%"


def _windows(verdict: Verdict) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("characters", "score"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("begins", no_wrap=True, overflow="ellipsis")
    for window in verdict.windows:
        style = COLOURS[window.label].removeprefix("bold ") if window.label == "ai" else ""
        table.add_row(
            f"{window.start_index:,}–{window.end_index:,}",
            Text(f"{window.score:.3f}", style=style),
            Text(" ".join(window.text[: 2 * SNIPPET_CHARS].split())[:SNIPPET_CHARS]),
        )
    return table
