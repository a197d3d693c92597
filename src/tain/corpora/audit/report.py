"""The nouns of an audit: plain numbers, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Lengths:
    """Words per text of one label: how many texts, their mean and quantiles."""

    n: int
    mean: float
    p5: int
    p25: int
    p50: int
    p75: int
    p95: int


@dataclass(frozen=True, slots=True)
class FeatureAurocs:
    """How far surface features alone tell the two labels apart; 0.5 is not at all.

    Attributes:
        combined: AUROC of all features together, cross-validated.
        per_feature: AUROC of each alone; below 0.5 where the first label has more of it.
    """

    combined: float
    per_feature: dict[str, float]


@dataclass(frozen=True, slots=True)
class Leakage:
    """What surface features give away on a sample of texts, step by step.

    Attributes:
        n_texts: Size of the sample.
        raw: As the texts came.
        normalised: After the normaliser.
        matched: After the normaliser and with lengths matched between labels within each domain.
        reason: Why there is no number, where there is none.
    """

    n_texts: int = 0
    raw: FeatureAurocs | None = None
    normalised: FeatureAurocs | None = None
    matched: FeatureAurocs | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SplitAudit:
    """One file or split.

    Attributes:
        name: The file's name without suffixes.
        sha256: Content hash of ids, labels and texts.
        n: Texts.
        n_groups: Groups, such as a human text with its mirrors.
        labels: Texts by label.
        lengths: By label.
        domains: Texts by domain and label.
        generators: Texts by generator.
        languages: Texts by label and detected language, in a sample.
        n_exact: Texts that repeat an earlier one of this split, formatting and case aside.
        n_near: Texts that nearly repeat an earlier one of this split under the same label.
        n_rewrites: Texts that nearly repeat one of this split under another label.
        n_conflicting: Exact repeats whose label differs.
        n_late_human: Human texts dated after November 2022, when ChatGPT appeared.
        n_dated: Texts with a date.
        residue: Texts by label and kind of chat residue, before normalising.
        leakage: What surface features give away.
    """

    name: str
    sha256: str
    n: int
    n_groups: int
    labels: dict[str, int]
    lengths: dict[str, Lengths]
    domains: dict[str, dict[str, int]]
    generators: dict[str, int]
    languages: dict[str, dict[str, int]]
    n_exact: int
    n_near: int
    n_rewrites: int
    n_conflicting: int
    n_late_human: int
    n_dated: int
    residue: dict[str, dict[str, int]]
    leakage: Leakage

    @property
    def one_class_domains(self) -> list[str]:
        """Domains that hold one label only, where the split has several."""
        if len(self.labels) < 2:
            return []
        return [name for name, labels in self.domains.items() if len(labels) == 1]


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two splits share.

    Attributes:
        first: One split.
        second: The other.
        n_exact: Texts of the second that stand in the first, formatting and case aside.
        n_near: Texts of the second that nearly stand in the first.
        n_groups: Groups that have texts in both.
    """

    first: str
    second: str
    n_exact: int
    n_near: int
    n_groups: int


@dataclass(frozen=True, slots=True)
class AuditReport:
    """All that was found.

    Attributes:
        splits: One for each file, in order.
        overlaps: One for each pair of splits that share something.
        warnings: What to mend, in plain words, worst first.
        normaliser_version: Which normaliser was used.
        seed: Of the samples and folds.
    """

    splits: tuple[SplitAudit, ...]
    overlaps: tuple[Overlap, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    normaliser_version: int = 1
    seed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        return asdict(self)
