"""`tain mine`: round after round, each kept only if it helped texts that were never mined.

Every part of a round is a folder that is there and whole, or absent. A mining that was stopped at any moment walks
through the same rounds again, finds what is done, and goes on with what is not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tain.core.errors import ConfigError, TrainingError
from tain.core.example import DETECTION
from tain.core.files import whole_file, write_json
from tain.detector.settings import PoolRate, Summary
from tain.mining.control import CONTROL, MEASUREMENT
from tain.mining.decision import Decision, decide
from tain.mining.ledger import Ledger
from tain.mining.plot import save_plot
from tain.mining.pool_scores import PoolScores
from tain.recipes.mine.arms import ArmRunner, Contender
from tain.recipes.mine.asking import ask
from tain.recipes.mine.configuration import MineSettings
from tain.recipes.mine.detectors import DetectorMaker
from tain.recipes.mine.folder import HARDEST, RANDOM, MiningFolder
from tain.recipes.mine.inputs import hash_inputs
from tain.recipes.mine.measuring import domains_of
from tain.recipes.mine.mirrors import build_mirroring
from tain.recipes.mine.ngram_rounds import require_ngrams
from tain.recipes.mine.round import PoolPass
from tain.recipes.mine.stage import Chosen
from tain.recipes.mine.summary import RoundResult, markdown, points, result_of
from tain.recipes.mine.texts import PreparedTexts, prepare
from tain.recipes.reading import label_set

Tell = Callable[[str], None]


@dataclass(frozen=True)
class MiningResult:
    """A mining that has come to its end.

    Attributes:
        folder: Where everything lies.
        rounds: Of every arm, in order.
        table: The same, as Markdown.
        stopped: Why it went no further.
        n_held: Texts that wait for a person's decision.
        set_aside: Rows that could not be used, by the file they lie in.
    """

    folder: MiningFolder
    rounds: tuple[RoundResult, ...]
    table: str
    stopped: str
    n_held: int
    set_aside: dict[Path, int]

    def as_json(self) -> dict[str, object]:
        """Plain values."""
        return {
            "detector": str(self.folder.detector),
            "stopped": self.stopped,
            "n_held": self.n_held,
            "set_aside": {str(path): n for path, n in self.set_aside.items()},
            "rounds": [each.as_json() for each in self.rounds],
        }


def mine(
    settings: MineSettings,
    output: Path,
    *,
    is_resumed: bool = False,
    force: bool = False,
    is_quiet: bool = False,
    tell: Tell = lambda line: None,
) -> MiningResult:
    """Train, find what the detector gets wrong, train again, and keep what helps.

    A mining that was stopped at any moment and is resumed with the same settings and files ends in the same detector,
    bit for bit, on the same processor.

    Args:
        settings: Of the trainings and of what is between them.
        output: Its folder.
        is_resumed: Go on with what is there; `mining.n_rounds` and `mining.patience` may have grown.
        force: Delete a mining that is there.
        is_quiet: No progress bars.
        tell: Told what is going on, a line at a time.

    Raises:
        ConfigError: If a setting is impossible, the folder is taken, or the files of a resumed mining have changed.
        DataError: If the texts, or what a person wrote into a review file, cannot be used.
        TrainingError: If a training diverges.

    Source:
        Emi and Spero 2024, arXiv:2402.14873. Differs: suspects are held, a round must prove itself on control texts,
        and false positive rates are compared at one true positive rate.
    """
    _require_possible(settings)
    folder = MiningFolder(output)
    folder.require_free(settings.as_json(), is_resumed=is_resumed, force=force)
    begun = _open(folder, settings, is_resumed=is_resumed)
    with folder.removed_if_it_fails():
        texts = prepare(settings, folder.texts, is_quiet=is_quiet)
    store = PoolScores(folder.scores)
    mirroring = build_mirroring(settings, folder, texts, is_quiet=is_quiet)
    maker = DetectorMaker(settings, texts, begun["threads"], is_quiet, tell)
    runner = ArmRunner(folder, maker, mirroring, store, is_quiet)
    choosing = PoolPass(settings, folder, texts, store, mirroring, is_quiet)
    ledger = Ledger(folder.ledger)
    _enter_start(ledger, begun, texts)
    loop = _Loop(settings, folder, texts, runner, choosing, ledger, tell)
    return loop.run()


def _open(folder: MiningFolder, settings: MineSettings, *, is_resumed: bool) -> dict[str, Any]:
    import torch

    from tain.training.hardware import pick_threads

    sha256 = hash_inputs(settings)
    begun = folder.open(settings.as_json(), sha256, threads=pick_threads(settings.run.training), is_resumed=is_resumed)
    # Another number of threads rounds sums otherwise; a resumed mining scores with as many as it began with.
    torch.set_num_threads(begun["threads"])
    return begun


def _enter_start(ledger: Ledger, begun: dict[str, Any], texts: PreparedTexts) -> None:
    # More rounds are other settings, and have an entry of their own.
    name = hashlib.sha256(json.dumps(begun, sort_keys=True).encode()).hexdigest()[:12]
    ledger.add(f"start-{name}", {"event": "start", **begun, "counts": dict(texts.counts)})


def _require_possible(settings: MineSettings) -> None:
    if not settings.run.corpus.train:
        raise ConfigError("There is nothing to train on. Give --train FILE: every round learns from it.")
    if not settings.mining.pool:
        raise ConfigError("There is no pool of human texts to mine. Give --pool FILE.")
    if settings.mining.learns == "ngrams":
        require_ngrams(settings)
    if label_set(settings.run.corpus) != DETECTION:
        names = ", ".join(label_set(settings.run.corpus).names)
        raise ConfigError(f"The labels are {names}; mining looks for human texts called ai. Map them to human and ai.")


@dataclass
class _Loop:
    settings: MineSettings
    folder: MiningFolder
    texts: PreparedTexts
    runner: ArmRunner
    choosing: PoolPass
    ledger: Ledger
    tell: Tell

    def run(self) -> MiningResult:
        self.kept = first = self.runner.first()
        self.n_found = first.measured.fixed.n_found
        self.gone = self.texts.labelled_ids()
        self.results = [self._result(first, HARDEST, is_kept=True)]
        self.ledger.add(
            "round-0", {"event": "round", **self.results[0].as_json(), "model": asdict(first.detector.model)}
        )
        stopped = self._rounds()
        self._finish(stopped)
        return MiningResult(
            folder=self.folder,
            rounds=tuple(self.results),
            table=self._table(),
            stopped=stopped,
            n_held=self.choosing.n_undecided(),
            set_aside=self.texts.set_aside(),
        )

    def _rounds(self) -> str:
        mining, n_reverted = self.settings.mining, 0
        for number in range(1, mining.n_rounds + 1):
            chosen = self.choosing.choose(number, self.kept, self.gone)
            if not chosen.mined and not chosen.relabelled:
                return f"Round {number} found no text above the floor that may be mined."
            try:
                decision = self._round(number, chosen)
            except TrainingError as error:  # what was kept before is no worse for it
                return f"Round {number} could not be trained and is left out. {error}"
            n_reverted = 0 if decision.is_kept else n_reverted + 1
            if n_reverted >= mining.patience:
                return (
                    f"Round {number} was reverted, {'as was the one before' if n_reverted > 1 else 'and did not pay'}."
                )
        return f"All {mining.n_rounds} rounds were made."

    def _round(self, number: int, chosen: Chosen) -> Decision:
        before = self.kept
        after = self.runner.hardest(number, chosen, before)
        groups = [example.group for example in self.texts.held[CONTROL]]
        decision = decide(before.measured.fixed, after.measured.fixed, groups=groups, alpha=self.settings.mining.alpha)
        self.gone |= {example.id for example in (*chosen.mined, *chosen.relabelled)}
        self.results.append(self._result(after, HARDEST, is_kept=decision.is_kept))
        self._enter(number, chosen, after, decision)
        for warning in after.added[-1].warnings:
            self.tell(f"Round {number}, mirrors: {warning}")
        if self.settings.mining.control_arm == "random":
            self._random_arm(number, chosen, after)
        if decision.is_kept:
            self.kept = after
        self.tell(f"Round {number} {'kept' if decision.is_kept else 'reverted'}: {decision.reason}")
        return decision

    def _random_arm(self, number: int, chosen: Chosen, rival: Contender) -> None:
        found = self.runner.random(number, chosen, rival)
        self.results.append(self._result(found, RANDOM, is_kept=False))
        entry = {"event": "random", "added": found.added[-1].counts, **self.results[-1].as_json()}
        self.ledger.add(f"round-{number}-{RANDOM}", entry)

    def _enter(self, number: int, chosen: Chosen, after: Contender, decision: Decision) -> None:
        entry = {
            "event": "round",
            "seed": self.settings.run.seed,
            "chosen": chosen.counts,
            "added": after.added[-1].counts,
            "before": asdict(self.kept.detector.model),
            "model": asdict(after.detector.model),
            "decision": asdict(decision),
            **self.results[-1].as_json(),
        }
        self.ledger.add(f"round-{number}", entry)

    def _result(self, contender: Contender, arm: str, *, is_kept: bool) -> RoundResult:
        return result_of(contender, arm=arm, is_kept=is_kept, n_found=self.n_found, texts=self.texts)

    def _finish(self, stopped: str) -> None:
        about = self.kept.detector.settings.about
        detector = self.kept.detector.described(about=about, summary=self._pools())
        detector.save(self.folder.detector)
        result = {"stopped": stopped, "kept": self.kept.number, "rounds": [each.as_json() for each in self.results]}
        write_json(self.folder.path / "summary.json", result)
        with whole_file(self.folder.path / "table.md") as part:
            part.write_text(self._table(), encoding="utf-8")
        save_plot(self.folder.path / "rounds.svg", points(self.results))
        if self.settings.mining.n_ask:
            ask(self.choosing, self.kept, self.folder.to_label, gone=self.gone)
        key = f"stop-{self.results[-1].round}-{self.kept.number}"
        self.ledger.add(key, {"event": "stop", "why": stopped, "kept": self.kept.number})
        self.tell(stopped)

    def _pools(self) -> Summary:
        """How often the kept detector flags the texts that decided nothing, for its card."""
        rates = []
        for name, of in domains_of(self.texts.held[MEASUREMENT]).items():
            found = self.kept.measured.flagged(MEASUREMENT, of=of)
            target = self.settings.mining.target_fpr
            low, high = found.low or 0.0, found.high or 1.0
            rates.append(PoolRate(name=name, n=found.n, n_flagged=found.k, low=low, high=high, target_fpr=target))
        return Summary(pools=tuple(rates), notes=("Texts of the pool that were neither mined nor decided anything.",))

    def _table(self) -> str:
        return markdown(self.results, target_fpr=self.settings.mining.target_fpr)
