"""Leave-one-out: every contestant is tested on corpora or generators that it never trained on.

What is held out is held out whole: a family of corpora that share texts, or a generator with the groups of its texts.
The threshold is set on human texts of the rest and then fixed; what it does to the part held out is what a user meets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import ValidationError

from tain.core.errors import ConfigError
from tain.core.files import read_json, sha256_of, whole_file, write_json
from tain.evaluation.intervals import rate
from tain.evaluation.ranking import auroc, tpr_at_fpr
from tain.evaluation.thresholds import fit_threshold
from tain.evaluation.voting import MAJORITY
from tain.recipes.studies.configuration import Contestant, LeaveOneOut
from tain.recipes.studies.contestants import Scores, run_contestant, vote
from tain.recipes.studies.held_out import HeldOut, StudyTextsReader
from tain.recipes.studies.sums import weighted_sum

SETTINGS, FILES = "study.json", "sha256"
CALIBRATION = "(calibration)"
Cell = dict[str, object]


class LeaveOneOutStudy:
    """The cells of a study: held-out part x seed x contestant. A cell that is done is never run again."""

    def __init__(self, study: LeaveOneOut, output: Path, *, is_quiet: bool = False) -> None:
        """Open the folder of a study, new or begun.

        Args:
            study: Its settings.
            output: Its folder; what is finished there is kept.
            is_quiet: No progress bars.

        Raises:
            ConfigError: If the folder holds a study with other settings.
            DataError: If a corpus cannot be used.
        """
        self.study, self.output, self.is_quiet = study, output, is_quiet
        require_folders_apart(study.contestants)
        known = self._require_same_settings()
        self.texts = StudyTextsReader(study, is_quiet=is_quiet)
        require_folders_apart(self.texts.held)
        settings = study.model_dump(mode="json")
        settings["contestants"] = known.get("contestants", {}) | settings["contestants"]
        write_json(output / SETTINGS, settings | {FILES: self._hashes()})

    def run(self, tell: Callable[[str], None] = lambda line: None) -> list[Cell]:
        """Every cell, running those that are missing.

        Args:
            tell: Told each cell that is done.
        """
        cells = []
        for seed in self.study.seeds:
            for held in self.texts.held:
                cells.extend(self._part_cells(held, seed, tell))
        return cells

    def _hashes(self) -> dict[str, str]:
        return {corpus.name: sha256_of(Path(corpus.file).expanduser()) for corpus in self.study.corpora}

    def _require_same_settings(self) -> dict[str, Any]:
        """The settings that the folder has, none if it is new."""
        file = self.output / SETTINGS
        if not file.is_file():
            return {}
        (known, hashes), asked = _as_now(file), self.study.model_dump(mode="json")
        # More seeds, parts or contestants extend a study; anything else would make its cells differ in kind.
        changed = [key for key in asked if key not in ("seeds", "held", "contestants") and known[key] != asked[key]]
        old = known["contestants"]
        changed += [f"contestants.{n}" for n, c in asked["contestants"].items() if n in old and old[n] != c]
        if not changed and hashes:
            changed = [f"the file of {name}" for name, found in self._hashes().items() if hashes[name] != found]
        if changed:
            raise ConfigError(
                f"{self.output} holds a study with other settings: {', '.join(changed)}. Use another --output."
            )
        return known

    def _part_cells(self, held: str, seed: int, tell: Callable[[str], None]) -> list[Cell]:
        files = {name: self._file(held, name, seed) for name in self._in_order()}
        if any(not file.is_file() for file in files.values()):
            part = self.texts.part(held, seed=seed)
            for name, file in files.items():
                if not file.is_file():
                    self._run_cell(name, part, seed, file)
                    tell(_line(read_json(file)))
        return [read_json(file) for file in files.values()]

    def _in_order(self) -> list[str]:
        """Those who learn before those who count their votes or add their scores."""
        return sorted(self.study.contestants, key=lambda name: self.study.contestants[name].is_made_of_others)

    def _file(self, held: str, contestant: str, seed: int) -> Path:
        return self.output / "cells" / slug(held) / slug(contestant) / f"seed-{seed}.json"

    def _run_cell(self, name: str, part: HeldOut, seed: int, file: Path) -> None:
        contestant = self.study.contestants[name]
        if contestant.vote_of:
            scores, threshold = self._vote(contestant, part, seed), MAJORITY
        else:
            scores = self._sum(contestant, part, seed) if contestant.sum_of else self._learn(name, part, seed)
            threshold = fit_threshold(scores.calibration, target_fpr=self.study.target_fpr)
        file.parent.mkdir(parents=True, exist_ok=True)
        _write_scores(file.with_suffix(".parquet"), part, scores)
        head = {"held": part.name, "contestant": name, "seed": seed, "threshold": threshold}
        counts = {
            "n_train": len(part.train),
            "n_calibration": len(part.human_calibration),
            "n_repeats_left_out": part.n_repeats,
            "n_calibration_left_out": part.n_known,
        }
        write_json(file, head | counts | {"corpora": _measured(part, scores, threshold, self.study.target_fpr)})

    def _learn(self, name: str, part: HeldOut, seed: int) -> Scores:
        folder = self.output / "runs" / slug(part.name) / slug(name) / f"seed-{seed}"
        contestant = self.study.contestants[name]
        return run_contestant(contestant, part, self.study.texts, seed=seed, folder=folder, is_quiet=self.is_quiet)

    def _sum(self, contestant: Contestant, part: HeldOut, seed: int) -> Scores:
        files = [self._file(part.name, name, seed) for name in contestant.sum_of]
        summands = [_read_scores(file.with_suffix(".parquet"), part) for file in files]
        return weighted_sum(summands, tuple(contestant.sum_of.values()))

    def _vote(self, contestant: Contestant, part: HeldOut, seed: int) -> Scores:
        files = [self._file(part.name, name, seed) for name in contestant.vote_of]
        thresholds = [float(read_json(file)["threshold"]) for file in files]
        return vote([_read_scores(file.with_suffix(".parquet"), part) for file in files], thresholds)


def require_folders_apart(names: Iterable[str]) -> None:
    """Every name gets a folder of its own."""
    owners: dict[str, str] = {}
    for name in names:
        if (other := owners.setdefault(slug(name), name)) != name:
            raise ConfigError(f"{other!r} and {name!r} would share the folder {slug(name)}. Rename one of them.")


def _as_now(file: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Settings as they were stored, one that tain did not have then at its default, and the hashes of the corpora.

    A folder of an older tain has no hashes.
    """
    try:
        stored = dict(read_json(file))
        hashes = stored.pop(FILES, {})
        return LeaveOneOut.model_validate(stored).model_dump(mode="json"), hashes
    except ValidationError as error:
        raise ConfigError(f"{file}: holds no study that this tain knows. Use another --output.") from error


def _measured(part: HeldOut, scores: Scores, threshold: float, target_fpr: float) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, corpus in part.tests.items():
        own = scores.tests[name]
        is_ai = np.array([example.label == "ai" for example in corpus])
        flagged = own > threshold
        fpr = rate(int(flagged[~is_ai].sum()), int((~is_ai).sum()), of="human texts")
        tpr = rate(int(flagged[is_ai].sum()), int(is_ai.sum()), of="AI texts")
        found[name] = {
            "auroc": auroc(own, is_ai),
            "tpr_at_target": tpr_at_fpr(own, is_ai, target_fpr=target_fpr).tpr.value,
            "fpr": {"k": fpr.k, "n": fpr.n, "rate": fpr.value, "low": fpr.low, "high": fpr.high},
            "tpr": {"k": tpr.k, "n": tpr.n, "rate": tpr.value, "low": tpr.low, "high": tpr.high},
        }
    return found


def _write_scores(path: Path, part: HeldOut, scores: Scores) -> None:
    frames = [pl.DataFrame({"corpus": CALIBRATION, "label": "human", "score": scores.calibration, "id": ""})]
    for name, corpus in part.tests.items():
        labels, ids = [e.label for e in corpus], [e.id for e in corpus]
        frames.append(pl.DataFrame({"corpus": name, "label": labels, "score": scores.tests[name], "id": ids}))
    with whole_file(path) as target:
        pl.concat(frames).write_parquet(target)


def _read_scores(path: Path, part: HeldOut) -> Scores:
    frame = pl.read_parquet(path)
    if frame["id"].to_list() != [*[""] * len(part.human_calibration), *(e.id for c in part.tests.values() for e in c)]:
        raise ConfigError(
            f"{path}: scores of other texts than those of {part.name} now. A corpus has changed since; use another "
            "--output."
        )
    parts = {str(name): own["score"].to_numpy() for (name,), own in frame.group_by("corpus", maintain_order=True)}
    return Scores(parts.pop(CALIBRATION), parts)


def slug(name: str) -> str:
    """A name as that of a file.

    Args:
        name: Of a corpus, a generator or a contestant.
    """
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "unnamed"


def _line(cell: Cell) -> str:
    corpora = cell["corpora"]
    assert isinstance(corpora, dict), "a cell measures corpora"
    found = ", ".join(f"{name} AUROC {own['auroc']:.3f}" for name, own in corpora.items())
    return f"{cell['held']} held out, seed {cell['seed']}, {cell['contestant']}: {found}"
