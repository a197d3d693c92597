"""The results of a study of scaling as GitHub Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tain.analysis.learning_curve.forecast import Band, Need
from tain.recipes.studies.markdown_table import markdown_table
from tain.recipes.studies.scaling.results import AHEAD, Fit, ScalingRow
from tain.recipes.studies.spread import Spread

NONE = "–"
HEAD = (
    "contestant", "growth", "texts", "seeds", "1 - AUROC", "loss", "TPR at target", "FPR (95%)", "TPR",
)  # fmt: skip
FIT_HEAD = ("contestant", "growth", "error", "exponent", "floor (95%)", *(f"at {n:g} times" for n in AHEAD),
            "texts for a tenth less")  # fmt: skip
WORDS = {"contestant", "growth", "error"}


@dataclass(frozen=True)
class ScalingResults:
    """All that a study found.

    Attributes:
        rows: One for each contestant, growth and size.
        fits: A curve for each contestant, growth and error.
        target_fpr: Of the threshold that was fixed beforehand.
    """

    rows: tuple[ScalingRow, ...]
    fits: tuple[Fit, ...]
    target_fpr: float

    def markdown(self) -> str:
        """Two tables and what the numbers mean."""
        return "\n\n".join([*self._measured(), *self._fitted()]) + "\n"

    def _measured(self) -> list[str]:
        about = (
            "Means over the tested corpora, none of which trained or set a threshold, ± standard deviation over "
            "seeds. Groups of texts stay whole, so that numbers of texts are means too. Random and mined growth begin "
            f"with the same texts and end with all. FPR and TPR: at the threshold fixed at {self.target_fpr:.1%} of "
            "other human texts of the training corpora, over all tested texts together; beside FPR the least lower "
            "and the greatest upper end of a seed's interval. TPR at target: where the threshold is moved to that FPR "
            "on each tested corpus, which nobody can do beforehand."
        )
        return [_as_table(HEAD, [_cells(row) for row in self.rows]), about]

    def _fitted(self) -> list[str]:
        about = (
            "error(n) = floor + gain n^-exponent through the points above, with 95% intervals of the curve from a "
            "wild bootstrap. Twice and four times stand for numbers of texts that nobody trained on: they hold if "
            "more texts are like those that are there."
        )
        reasons = [f"No curve for {_name(fit)}: {fit.reason}" for fit in self.fits if fit.forecast is None]
        drawn = [fit for fit in self.fits if fit.forecast is not None]
        table = [_as_table(FIT_HEAD, [_fit_cells(fit) for fit in drawn]), about] if drawn else []
        return [*table, *reasons]


def _cells(row: ScalingRow) -> tuple[str, ...]:
    return (
        row.contestant,
        row.growth,
        f"{row.n_train.mean:,.0f}" + (" (all)" if row.size == 0 else ""),
        f"{row.n_train.n}",
        str(row.auroc_error),
        str(row.loss),
        str(row.tpr_at_target) if row.tpr_at_target.n else NONE,
        f"{_percent(row.fpr)} ({row.fpr_low:.1%} to {row.fpr_high:.1%})",
        _percent(row.tpr),
    )


def _fit_cells(fit: Fit) -> tuple[str, ...]:
    found = fit.forecast
    assert found is not None, "the caller leaves out what was not fitted"
    value, low, high = found.floor()
    bands = (_band(fit.ahead[times]) for times in AHEAD)
    return (fit.contestant, fit.growth, fit.error, f"{found.curve.exponent:.2f}",
            f"{value:.3f} ({low:.3f} to {high:.3f})", *bands, _need(fit.to_gain_a_tenth))  # fmt: skip


def _band(band: Band) -> str:
    return f"{band.value:.3f} ({band.low:.3f} to {band.high:.3f})"


def _need(need: Need | None) -> str:
    if need is None:
        return NONE
    value, low, high = ("over ten times" if n is None else f"{n:,.0f}" for n in (need.value, need.low, need.high))
    return f"{value} ({low} to {high})"


def _name(fit: Fit) -> str:
    return f"{fit.contestant}, {fit.growth} growth, {fit.error}"


def _percent(spread: Spread) -> str:
    return f"{spread.mean:.1%}" + (f" ± {spread.sd:.1%}" if spread.sd is not None else "")


def _as_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return markdown_table(head, rows, words=WORDS)
