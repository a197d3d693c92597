"""What every round came to, at one true positive rate, as values, a table and a plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tain.evaluation.intervals import Rate
from tain.mining.control import CONTROL, GUARD, MEASUREMENT
from tain.mining.plot import RoundPoint
from tain.recipes.mine.arms import Contender
from tain.recipes.mine.measuring import domains_of
from tain.recipes.mine.texts import PreparedTexts


@dataclass(frozen=True)
class RoundResult:
    """One round of one arm.

    Attributes:
        round: Number; 0 is before mining.
        arm: hardest or random.
        is_kept: Whether the round's detector took the place of the one before; the random arm is only compared.
        n_mined: Mined texts it was trained on in all.
        fpr: Of control, measurement and, where there are any, guard texts, at the true positive rate of round 0.
        fpr_by_domain: The same for each domain.
        fpr_at_point: Of the same, at its own operating point.
        tpr_at_point: Of AI validation texts, there.
        auroc: Of control and AI validation texts.
    """

    round: int
    arm: str
    is_kept: bool
    n_mined: int
    fpr: dict[str, Rate]
    fpr_by_domain: dict[str, dict[str, Rate]]
    fpr_at_point: dict[str, Rate]
    tpr_at_point: Rate
    auroc: float

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        return asdict(self)


def result_of(contender: Contender, *, arm: str, is_kept: bool, n_found: int, texts: PreparedTexts) -> RoundResult:
    """What a detector came to.

    Args:
        contender: Measured.
        arm: hardest or random.
        is_kept: As in `RoundResult`.
        n_found: AI validation texts that the detector of round 0 finds at its operating point.
        texts: Prepared.
    """
    measured = contender.measured
    examples = {part: texts.held[part] for part in (CONTROL, MEASUREMENT)}
    parts = examples | ({GUARD: texts.guard} if texts.guard else {})
    by_domain = {
        part: {name: measured.fpr(part, n_found=n_found, of=of) for name, of in domains_of(own).items()}
        for part, own in parts.items()
    }
    return RoundResult(
        round=contender.number,
        arm=arm,
        is_kept=is_kept,
        n_mined=contender.n_mined,
        fpr={part: measured.fpr(part, n_found=n_found) for part in parts},
        fpr_by_domain=by_domain,
        fpr_at_point={part: measured.flagged(part) for part in parts},
        tpr_at_point=measured.tpr,
        auroc=measured.auroc,
    )


def points(results: Sequence[RoundResult]) -> dict[str, list[RoundPoint]]:
    """What the plot shows, by arm.

    Args:
        results: In order of rounds.
    """
    found: dict[str, list[RoundPoint]] = {}
    for each in results:
        is_solid = each.is_kept or each.arm != "hardest"
        found.setdefault(each.arm, []).append(RoundPoint(each.round, each.fpr[CONTROL], each.tpr_at_point, is_solid))
    return found


def markdown(results: Sequence[RoundResult], *, target_fpr: float) -> str:
    """Two tables: the rounds, and the domains before and after.

    Args:
        results: In order of rounds.
        target_fpr: Of the operating points.
    """
    first = results[0]
    head = (
        f"False positive rates at the true positive rate of round 0, {shown(first.tpr_at_point)}; 95% intervals.\n\n"
        f"| round | texts | mined | {' | '.join(first.fpr)} | TPR at {100 * target_fpr:g}% | AUROC | |\n"
        f"|---|---|---|{'---|' * len(first.fpr)}---|---|---|\n"
    )
    lines = [
        f"| {each.round} | {each.arm if each.round else '-'} | {each.n_mined:,} | "
        f"{' | '.join(shown(rate) for rate in each.fpr.values())} | {shown(each.tpr_at_point)} | {each.auroc:.4f} | "
        f"{_fate(each)} |\n"
        for each in results
    ]
    return head + "".join(lines) + _domains(results)


def shown(rate: Rate) -> str:
    """A rate with its counts and interval."""
    if rate.value is None:
        return "-"
    return f"{100 * rate.value:.2f}% ({rate.k:,}/{rate.n:,}; {100 * (rate.low or 0):.2f}–{100 * (rate.high or 0):.2f})"


def _fate(each: RoundResult) -> str:
    if not each.round or each.arm != "hardest":
        return "" if each.round else "before"
    return "kept" if each.is_kept else "reverted"


def _domains(results: Sequence[RoundResult]) -> str:
    kept = [each for each in results if each.is_kept]
    columns = {"before": kept[0], "after": kept[-1]}
    if rivals := [each for each in results if each.arm == "random"]:
        columns[f"random, round {rivals[-1].round}"] = rivals[-1]
    text = f"\n| part | domain | {' | '.join(columns)} |\n|---|---|{'---|' * len(columns)}\n"
    for part, domains in results[0].fpr_by_domain.items():
        for domain in domains:
            cells = (shown(each.fpr_by_domain[part][domain]) for each in columns.values())
            text += f"| {part} | {domain} | {' | '.join(cells)} |\n"
    return text
