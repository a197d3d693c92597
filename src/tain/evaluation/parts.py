"""What a Report is made of: every number with its counts, its interval, or the reason why it is missing."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tain.evaluation.decisions import Rates
from tain.evaluation.intervals import Estimate, Rate
from tain.evaluation.paired import DecisionTest
from tain.evaluation.probabilities import ReliabilityBin
from tain.evaluation.thresholds import OperatingPoint


class Part(BaseModel):
    """Something that is stored: no unknown fields, no infinities, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Counts(Part):
    """How many texts there were, and how many of them got a score.

    Attributes:
        n: All texts.
        n_human: Human texts with a score.
        n_ai: AI texts with a score.
        n_groups: Groups among the scored texts.
        coverage: Texts with a score; the others are abstentions, such as texts that are too short.
        coverage_human: The same among human texts.
        coverage_ai: The same among AI texts.
    """

    n: int
    n_human: int
    n_ai: int
    n_groups: int
    coverage: Rate
    coverage_human: Rate
    coverage_ai: Rate


class SeenTexts(Part):
    """Texts of the data that the detector was made from, known again by their hashes.

    Attributes:
        n: Texts looked up.
        n_seen: Of them used to make the detector.
        n_training: Of them from its training; None where its training texts are not known.
        n_calibration: Of them from its calibration; None where its calibration texts are not known.
        is_kept: They are in the numbers all the same.
    """

    n: int
    n_seen: int
    n_training: int | None
    n_calibration: int | None
    is_kept: bool

    @property
    def sentence(self) -> str:
        """How many, and from where, or that it is not known."""
        counts = {"training": self.n_training, "calibration": self.n_calibration}
        known = [f"{count:,} from its {name}" for name, count in counts.items() if count is not None]
        unknown = " and ".join(name for name, count in counts.items() if count is None)
        missing = f"not known for its {unknown} texts, whose hashes were not saved" if unknown else ""
        return "; ".join(part for part in (" and ".join(known), missing) if part)

    @property
    def warning(self) -> str | None:
        """What to tell the reader of the numbers, or None when no text was seen."""
        if not self.n_seen:
            return None
        verb, those = ("was", "It is") if self.n_seen == 1 else ("were", "They are")
        kept = "in the numbers all the same, which say then how well it remembers."
        return (
            f"{self.n_seen:,} of {self.n:,} texts {verb} used to make this detector ({self.sentence}). {those} "
            f"{kept if self.is_kept else 'left out of every number.'}"
        )


class FixedFpr(Part):
    """TPR where the test's own human texts set the threshold: for comparing detectors, never for use.

    Attributes:
        target_fpr: The rate allowed.
        tpr: With a bootstrap interval that includes the doubt about the threshold.
        fpr: What the threshold does to the human texts it was taken from; None where refused.
        threshold: In units of the score; None where refused.
        threshold_source: Where the threshold comes from.
    """

    target_fpr: float
    tpr: Estimate
    fpr: Rate | None
    threshold: float | None
    threshold_source: str


class Ranking(Part):
    """How well AI texts are ranked above human ones, at any threshold.

    Attributes:
        auroc: Chance that an AI text outscores a human one.
        auprc: Average precision; depends on the share of AI texts.
        pauroc: AUROC below a false positive rate of 5%, rescaled so that chance is 0.5.
        tpr_at_fpr: At each rate that the number of human texts supports; refused ones say why.
    """

    auroc: Estimate
    auprc: Estimate
    pauroc: Estimate
    tpr_at_fpr: tuple[FixedFpr, ...]


class PointResult(Part):
    """What a stored operating point did on these texts.

    Attributes:
        point: As stored; it saw none of these texts.
        is_default: The one that slices are measured at.
        rates: Achieved here.
    """

    point: OperatingPoint
    is_default: bool
    rates: Rates


class Calibration(Part):
    """Whether probabilities can be taken at their word.

    Attributes:
        brier: Mean squared distance from the truth.
        ece: Mean gap between probability and frequency, with a bootstrap interval.
        bins: What both rest on; empty when there are no probabilities.
    """

    brier: Estimate
    ece: Estimate
    bins: tuple[ReliabilityBin, ...]


class SliceRow(Part):
    """One part of the test.

    Attributes:
        value: What its texts share, such as a domain.
        n_human: Scored human texts.
        n_ai: Scored AI texts.
        coverage: Texts with a score.
        auroc: With a closed-form interval.
        auroc_against: Whether the human texts of the AUROC are the slice's own or, where it has none, all.
        fpr: At the default operating point.
        tpr: At the default operating point.
        is_small: Too few texts to build on.
    """

    value: str
    n_human: int
    n_ai: int
    coverage: Rate
    auroc: Estimate
    auroc_against: Literal["own", "all"]
    fpr: Rate
    tpr: Rate
    is_small: bool


class SliceTable(Part):
    """The test cut by one property.

    Attributes:
        name: The property.
        rows: Worst first.
        n_unknown: Texts for which it is not known; they are in no row.
    """

    name: str
    rows: tuple[SliceRow, ...]
    n_unknown: int


class PoolRow(Part):
    """False positives among human texts of one kind.

    Attributes:
        pool: Its name.
        coverage: Human texts with a score.
        fprs: One rate per operating point of the Report, in its order.
        is_small: Too few texts to build on.
    """

    pool: str
    coverage: Rate
    fprs: tuple[Rate, ...]
    is_small: bool


class PointComparison(Part):
    """The decisions of two detectors at operating points that were set for the same false positive rate.

    Attributes:
        target_fpr: That both were set for.
        threshold: Of the other detector, in units of its score.
        fpr: Of the other detector, on the shared human texts.
        tpr: Of the other detector, on the shared AI texts.
        tests: McNemar's, on human, AI and all texts; "first" is this Report's detector.
    """

    target_fpr: float
    threshold: float
    fpr: Rate
    tpr: Rate
    tests: tuple[DecisionTest, ...]


class Comparison(Part):
    """Another detector on the same texts.

    Attributes:
        name: Its name.
        n_human: Human texts that both scored.
        n_ai: AI texts that both scored.
        n_unscored: Texts of this test that the other has no score for.
        ranking: Of the other detector.
        own_auroc: Of this Report's detector, on the texts that both scored.
        auroc_difference: This Report's detector minus the other; above 0 means that ours is better.
        p_auroc: Two-sided p-value of DeLong's test that the AUROCs do not differ, or None.
        p_auroc_bootstrap: The same from paired draws; never below 1 / (n_draws + 1).
        tpr_differences: For each supported rate of `ranking.tpr_at_fpr`, by its target; from paired draws.
        decisions: At the operating points that both store.
        roc_fpr: For the plot of the other detector, thinned to a few hundred points, dense at low rates.
        roc_tpr: As many.
    """

    name: str
    n_human: int
    n_ai: int
    n_unscored: int
    ranking: Ranking
    own_auroc: Estimate
    auroc_difference: Estimate
    p_auroc: float | None
    p_auroc_bootstrap: float | None
    tpr_differences: dict[float, Estimate]
    decisions: tuple[PointComparison, ...]
    roc_fpr: tuple[float, ...]
    roc_tpr: tuple[float, ...]


class Curves(Part):
    """What the plots are drawn from.

    Attributes:
        bin_edges: Of the score histogram, m + 1 of them.
        human_counts: Human texts per bin, m of them.
        ai_counts: AI texts per bin, m of them.
        roc_fpr: Thinned to a few hundred points, dense at low rates.
        roc_tpr: As many.
    """

    bin_edges: tuple[float, ...]
    human_counts: tuple[int, ...]
    ai_counts: tuple[int, ...]
    roc_fpr: tuple[float, ...]
    roc_tpr: tuple[float, ...]


class Stretch(Part):
    """A window of a text and its score: where to look, not a finding of its own.

    Attributes:
        start: First character in the text as shown.
        end: One past the last.
        score: Logit, higher means AI.
        is_above: Whether it lies above the threshold for whole texts.
    """

    start: int
    end: int
    score: float
    is_above: bool


class WorstText(Part):
    """A text that the detector got wrong by far.

    Attributes:
        id: In the data.
        score: Of the whole text.
        n_words: Of the whole text.
        properties: Such as domain and generator, where known.
        text: As in the data, cut where it is very long.
        n_chars: Of the whole text.
        windows: In order; of the part that is shown.
    """

    id: str
    score: float
    n_words: int
    properties: dict[str, str]
    text: str
    n_chars: int
    windows: tuple[Stretch, ...]


class WorstTexts(Part):
    """The mistakes to look at first.

    Attributes:
        threshold: Of the default operating point.
        n_false_positives: Human texts above it, of which the highest are shown.
        n_misses: AI texts not above it, of which the lowest are shown.
        false_positives: Highest score first.
        misses: Lowest score first.
    """

    threshold: float
    n_false_positives: int
    n_misses: int
    false_positives: tuple[WorstText, ...]
    misses: tuple[WorstText, ...]
