"""What `tain evaluate` is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tain.corpora.columns import ColumnMap
from tain.evaluation.bootstrap import N_DRAWS
from tain.recipes.other_detectors import OtherDetectors
from tain.recipes.under_attack import AttackTest
from tain.recipes.votes import Votes


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """How texts are read, and what the Report holds.

    Attributes:
        columns: Which columns hold what; None looks for the usual names.
        label_map: raw=label pairs.
        against: Files of scores and detector folders to compare with.
        others: Classical detectors and zero-shot scores to compare with.
        votes: Majority votes of these and of the detector.
        attacks: What is done to some of the texts, to be scored again.
        slices: Further columns to cut the results by.
        trained_on: Generators among the detector's training texts.
        keeps_seen: Texts that the detector was made from are measured all the same.
        pools: Field that splits the human texts.
        set_aside: File for rows that cannot be used; None stops at them.
        has_texts: The worst mistakes are kept with their text.
        n_draws: Of each bootstrap.
        seed: Of the bootstrap.
        force: Replace what is in the output folder.
        is_quiet: No progress bars.
    """

    columns: ColumnMap = field(default_factory=ColumnMap)
    label_map: tuple[str, ...] = ()
    against: tuple[Path, ...] = ()
    others: OtherDetectors = field(default_factory=OtherDetectors)
    votes: Votes = field(default_factory=Votes)
    attacks: AttackTest = field(default_factory=AttackTest)
    slices: tuple[str, ...] = ()
    trained_on: tuple[str, ...] = ()
    keeps_seen: bool = False
    pools: str = "domain"
    set_aside: Path | None = None
    has_texts: bool = True
    n_draws: int = N_DRAWS
    seed: int = 0
    force: bool = False
    is_quiet: bool = False
