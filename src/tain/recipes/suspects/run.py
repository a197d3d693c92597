"""`tain suspects` from names of files to an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from tain.analysis.suspects.combine import Suspects, combine
from tain.analysis.suspects.evidence import Evidence, by_confidence, by_influence, by_neighbours
from tain.analysis.suspects.neighbours import nearest
from tain.core.errors import ConfigError, DataError
from tain.core.example import Corpus
from tain.core.files import read_json, refuse_overwrite
from tain.core.progress import progress
from tain.corpora.columns import ColumnMap
from tain.corpora.labels import DETECTION_MAP, parse_label_map
from tain.mining.about_sheet import AboutSheet, Neighbour, about_of, sources_of, write_about
from tain.mining.decisions import journal_of
from tain.mining.quarantine import DECISION
from tain.mining.sheet import write_sheet
from tain.recipes.mine.embedding import BackboneEmbedder
from tain.recipes.suspects.out_of_fold import out_of_fold

CHUNK_TEXTS = 512
SHOWN_NEIGHBOURS = 3


class SuspectsSettings(BaseModel):
    """How labels are doubted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: str = Field("minilm", description="Backbone whose plain vectors stand for the texts.")
    folds: int = Field(5, ge=2, description="Parts that are held out in turn.")
    neighbours: int = Field(10, ge=1, description="Nearest texts asked for their label.")
    seed: int = Field(0, ge=0, description="Of the folds.")


@dataclass(frozen=True)
class Origin:
    """How a corpus was read, so that decisions find their way back into it.

    Attributes:
        paths: Files, folders and Hub ids.
        columns: Which column holds what.
        label_map: `raw=label` pairs; none takes the usual words for human and ai.
    """

    paths: Sequence[str]
    columns: ColumnMap
    label_map: Sequence[str] = ()


@dataclass(frozen=True)
class Doubted:
    """A corpus with what speaks against its labels.

    Attributes:
        corpus: As read.
        suspects: Of all its texts.
        states: Plain vectors of the texts, shape (n, d).
        groups: Group index of each, shape (n,).
    """

    corpus: Corpus
    suspects: Suspects
    states: np.ndarray
    groups: np.ndarray

    def rows(self) -> list[dict[str, Any]]:
        """A row for each text that some evidence alone would raise, the most suspect first."""
        return [self._row(place) for place in self.places]

    @property
    def places(self) -> list[int]:
        """Places of the texts that some evidence alone would raise, the most suspect first."""
        raised = self.suspects.n_reasons > 0
        return [int(place) for place in self.suspects.order if raised[place]]

    def neighbours(self, place: int) -> tuple[Neighbour, ...]:
        """The texts that one text is most like, with their influence where that is known."""
        harm = next((each.scores for each in self.suspects.evidence if each.name == "influence"), None)
        found, likeness = nearest(self.states, place, groups=self.groups, n_neighbours=SHOWN_NEIGHBOURS)
        return tuple(
            Neighbour(
                id=self.corpus.examples[other].id,
                label=str(self.corpus.examples[other].label),
                likeness=round(float(cosine), 4),
                influence=None if harm is None else round(float(harm[other]), 6),
                text=self.corpus.examples[other].text,
            )
            for other, cosine in zip(found.tolist(), likeness, strict=True)
        )

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
    origin: Origin | None = None,
    output: Path | None = None,
    force: bool = False,
    is_quiet: bool = False,
) -> Doubted:
    """Score every label, and write the suspects where a file is named.

    Args:
        corpus: Every text with a label.
        settings: How labels are doubted.
        influence: Folder of `tain explain --valid`, whose scores join the evidence; None does without.
        origin: How the corpus was read; None leaves it out, and decisions cannot be read back.
        output: .jsonl or .csv with an empty column `decision`, for `tain review`; None writes nothing. What it was made
            from stands in `NAME.about.json` beside it.
        force: Replace the output.
        is_quiet: No progress bar.

    Raises:
        ConfigError: If the output or decisions on it exist, or the influence is that on one text.
        DataError: If a text has no influence.
        MetricError: If a label comes from fewer groups than there are folds.
    """
    if output is not None:
        _require_free(output, force=force)
    harm = [] if influence is None else [by_influence(read_influence(influence, corpus))]
    states = _vectors(corpus, settings.base, is_quiet=is_quiet)
    _, groups = np.unique([example.group or example.id for example in corpus], return_inverse=True)
    plain = _by_plain_vectors(corpus, states, groups, settings)
    found = Doubted(corpus, combine([*plain, *harm]), states, groups)
    if output is not None:
        write_sheet(output, found.rows(), answer=DECISION, answers={})
        write_about(output, _about(found, origin))
    return found


def _require_free(output: Path, *, force: bool) -> None:
    journal = journal_of(output)
    # Hours of a person's work: no flag replaces them.
    if journal.exists():
        raise ConfigError(
            f"{journal} holds decisions on an earlier {output.name}. Choose another --output, or move it."
        )
    for path in (output, about_of(output)):
        refuse_overwrite(path, force=force)


def _about(found: Doubted, origin: Origin | None) -> AboutSheet:
    labels = parse_label_map(origin.label_map) if origin and origin.label_map else DETECTION_MAP
    return AboutSheet(
        made_by="tain suspects",
        labels=found.corpus.labels.names,
        evidence=("suspicion", *(each.name for each in found.suspects.evidence)),
        corpus=sources_of(origin.paths, labels=labels) if origin else (),
        columns=asdict(origin.columns) if origin else {},
        label_map=tuple(origin.label_map) if origin else (),
        neighbours={found.corpus.examples[place].id: found.neighbours(place) for place in found.places},
    )


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


def _by_plain_vectors(
    corpus: Corpus, states: np.ndarray, groups: np.ndarray, settings: SuspectsSettings
) -> list[Evidence]:
    names = corpus.labels.names
    labels = np.array([corpus.labels.index(str(example.label)) for example in corpus])
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
