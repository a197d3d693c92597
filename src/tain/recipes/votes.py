"""Majority votes of the detectors in a Report, set beside them as one more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isclose

from tain.core.errors import ConfigError
from tain.evaluation.comparison import Rival
from tain.evaluation.samples import Floats
from tain.evaluation.thresholds import OperatingPoint
from tain.evaluation.voting import TieRule, check_ties, decide, majority_vote
from tain.recipes.rivals import Against

OURS = "detector"


@dataclass(frozen=True, slots=True)
class Votes:
    """Which votes a Report is to have.

    Attributes:
        of: For each vote, the names of those who vote: `detector` for the one that is measured, and others as they are
            named in the Report or were asked for.
        ties: What as many votes for AI as for human become.
    """

    of: tuple[tuple[str, ...], ...] = ()
    ties: TieRule = "human"

    def __post_init__(self) -> None:
        """Refuse votes of one, and of one twice."""
        check_ties(self.ties)
        for names in self.of:
            if len(names) < 2 or len(set(names)) < len(names):
                raise ConfigError(
                    f"--vote {','.join(names)} is no vote of several. Name two or more, each once, with commas between."
                )


def count_votes(votes: Votes, scores: Floats, against: Sequence[Against], *, point: OperatingPoint) -> list[Against]:
    """Each vote as a further detector, with the one threshold that its share of votes has.

    All vote at operating points set for the same false positive rate. What the vote's own rate is, only the test says.

    Args:
        votes: Which.
        scores: Of the detector that is measured, shape (n,).
        against: The others on the same texts.
        point: Of the detector that is measured.

    Raises:
        ConfigError: If there is nobody of a name, or one has no operating point set for that rate.
    """
    ours = Rival(OURS, scores, {point.target_fpr: point.threshold})
    return [_counted(names, votes.ties, ours, against, point.target_fpr) for names in votes.of]


def _counted(
    names: Sequence[str], ties: TieRule, ours: Rival, against: Sequence[Against], target_fpr: float
) -> Against:
    voters = [_voter(name, ours, against) for name in names]
    thresholds = [_threshold(voter, target_fpr) for voter in voters]
    decisions = [decide(each.scores, threshold=limit) for each, limit in zip(voters, thresholds, strict=True)]
    vote = majority_vote(decisions, ties=ties)
    name = f"vote of {', '.join(voter.name for voter in voters)}"
    rule = {"ties": ties, "n_tied": int(vote.is_tied.sum()), "target_fpr": target_fpr}
    return Against(
        Rival(name, vote.scores, {target_fpr: vote.threshold}),
        {"name": name, "vote of": [voter.name for voter in voters], **rule},
    )


def _voter(name: str, ours: Rival, against: Sequence[Against]) -> Rival:
    if name == OURS:
        return ours
    for each in against:
        if name in (each.rival.name, each.source.get("baseline"), each.source.get("zero-shot")):
            return each.rival
    known = [OURS, *(str(each.source.get("baseline") or each.rival.name) for each in against)]
    raise ConfigError(
        f"--vote names {name}, but the detectors of this Report are {', '.join(known)}. Name some of those, or bring "
        "it in with --against or --baseline."
    )


def _threshold(voter: Rival, target_fpr: float) -> float:
    found = next((limit for target, limit in voter.thresholds.items() if isclose(target, target_fpr)), None)
    if found is None:
        has = ", ".join(f"{100 * target:g}%" for target in voter.thresholds) or "none"
        raise ConfigError(
            f"{voter.name} cannot vote: it has no threshold set for {100 * target_fpr:g}% false positives (it has: "
            f"{has}). Leave it out; a baseline or zero-shot score gets one from --human-calibration."
        )
    return found
