"""`tain suspects` from names of files to an answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from tain.analysis.suspects.combine import Suspects, combine
from tain.analysis.suspects.evidence import Evidence, by_confidence, by_influence, by_neighbours
from tain.core.errors import ConfigError, DataError
from tain.core.example import Corpus
from tain.core.files import read_json, refuse_overwrite
from tain.core.progress import progress
from tain.mining.quarantine import DECISION
from tain.mining.sheet import write_sheet
from tain.recipes.mine.embedding import BackboneEmbedder
from tain.recipes.suspects.out_of_fold import out_of_fold

CHUNK_TEXTS = 512


class SuspectsSettings(BaseModel):
    """How labels are doubted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: str = Field("minilm", description="Backbone whose plain vectors stand for the texts.")
    folds: int = Field(5, ge=2, description="Parts that are held out in turn.")
    neighbours: int = Field(10, ge=1, description="Nearest texts asked for their label.")
    seed: int = Field(0, ge=0, description="Of the folds.")


@dataclass(frozen=True)
class Doubted:
    """A corpus with what speaks against its labels.

    Attributes:
        corpus: As read.
        suspects: Of all its texts.
    """

    corpus: Corpus
    suspects: Suspects

    def rows(self) -> list[dict[str, Any]]:
        """A row for each text that some evidence alone would raise, the most suspect first."""
        raised = self.suspects.n_reasons > 0
        return [self._row(int(place)) for place in self.suspects.order if raised[place]]

    def _row(self, place: int) -> dict[str, Any]:
        example, suspects = self.corpus.examples[place], self.suspects
        return {
            "id": example.id,
            "label": example.label,
            "suspicion": round(float(suspects.scores[place]), 6),
            "reasons": "; ".join(suspects.reasons(place)),
            **{each.name: round(float(each.scores[place]), 6) for each in suspects.evidence},
            "source": example.source or "",
            "text": example.text,
        }


def run_suspects(
    corpus: Corpus,
    settings: SuspectsSettings,
    *,
    influence: Path | None = None,
    output: Path | None = None,
    force: bool = False,
    is_quiet: bool = False,
) -> Doubted:
    """Score every label, and write the suspects where a file is named.

    Args:
        corpus: Every text with a label.
        settings: How labels are doubted.
        influence: Folder of `tain explain --valid`, whose scores join the evidence; None does without.
        output: .jsonl or .csv with an empty column `decision`; None writes nothing.
        force: Replace the output.
        is_quiet: No progress bar.

    Raises:
        ConfigError: If the output exists, or the influence is that on one text.
        DataError: If a text has no influence.
        MetricError: If a label comes from fewer groups than there are folds.
    """
    if output is not None:
        refuse_overwrite(output, force=force)
    harm = [] if influence is None else [by_influence(read_influence(influence, corpus))]
    found = Doubted(corpus, combine([*_by_plain_vectors(corpus, settings, is_quiet=is_quiet), *harm]))
    if output is not None:
        write_sheet(output, found.rows(), answer=DECISION, answers={})
    return found


def read_influence(folder: Path, corpus: Corpus) -> np.ndarray:
    """The influence of each text of a corpus, from the folder of an explanation.

    Args:
        folder: With explain.json and influence.parquet or .jsonl.
        corpus: Whose texts.

    Raises:
        ConfigError: If it is the influence on what was said of one text, or the folder is another one.
        DataError: If a text is not in it.
    """
    if not (folder / "explain.json").is_file():
        raise ConfigError(f"--influence {folder}: explain.json is missing. Give the folder of `tain explain --output`.")
    if read_json(folder / "explain.json").get("said"):
        raise ConfigError(f"--influence {folder} is the influence on one text. Give one made with --valid.")
    file = folder / "influence.parquet"
    table = pl.read_parquet(file) if file.is_file() else pl.read_ndjson(folder / "influence.jsonl")
    known = dict(zip(table["id"].to_list(), table["influence"].to_list(), strict=True))
    if missing := [example.id for example in corpus if example.id not in known]:
        raise DataError(
            f"--influence {folder} lacks {len(missing)} of {len(corpus)} texts, such as {missing[0]}. Give the same "
            "training texts to both commands."
        )
    return np.array([known[example.id] for example in corpus], dtype=np.float64)


def _by_plain_vectors(corpus: Corpus, settings: SuspectsSettings, *, is_quiet: bool) -> list[Evidence]:
    names = corpus.labels.names
    labels = np.array([corpus.labels.index(str(example.label)) for example in corpus])
    _, groups = np.unique([example.group or example.id for example in corpus], return_inverse=True)
    states = _vectors(corpus, settings.base, is_quiet=is_quiet)
    p = out_of_fold(states, labels, groups, names=names, n_folds=settings.folds, seed=settings.seed)
    near = by_neighbours(states, labels, names=names, groups=groups, n_neighbours=settings.neighbours)
    return [by_confidence(p, labels, names=names), near]


def _vectors(corpus: Corpus, base: str, *, is_quiet: bool) -> np.ndarray:
    if not len(corpus):
        raise DataError("There are no texts. Give one or more files of labelled texts.")
    embedder, found = BackboneEmbedder(base), []
    with progress("reading texts", len(corpus), is_quiet=is_quiet) as advance:
        for start in range(0, len(corpus), CHUNK_TEXTS):
            found.append(embedder(corpus.texts[start : start + CHUNK_TEXTS]))
            advance(len(found[-1]))
    return np.concatenate(found)
