"""Making a cascade: the first model, the threshold from which it forwards, and what that loses, measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import DataError
from tain.core.files import refuse_overwrite
from tain.core.progress import progress
from tain.corpora.columns import ColumnMap
from tain.corpora.places import find_places
from tain.corpora.split import assign_split
from tain.detector import Detector
from tain.detector.cascade import FirstModel, measured_threshold, proven_threshold
from tain.detector.cascade_folder import CascadeRecord, write_cascade
from tain.detector.ngrams import NgramModel
from tain.evaluation.intervals import CONFIDENCE, upper_bound
from tain.recipes.score_rows import TextRow, read_rows

BLOCK_TEXTS = 1024
SHARES = {"fit": 0.5, "measure": 0.5}
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """What the first model and the whole detector say of the texts that set the threshold.

    Attributes:
        first: First scores, NaN where a text is too short, shape (n,).
        is_flagged: By the whole detector, shape (n,).
    """

    first: Floats
    is_flagged: NDArray[np.bool_]


def make_cascade(
    sources: Sequence[str],
    *,
    model: Path | None,
    output: Path,
    target_fpr: float | None = None,
    max_loss: float = 0.0,
    columns: ColumnMap | None = None,
    force: bool = False,
    is_quiet: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> CascadeRecord:
    """The cascade of a detector, saved.

    Args:
        sources: Files, folders or Hub ids of texts like those to be scored; nobody need know who wrote them. None
            are needed where nothing may be lost and the detector has n-grams of its own.
        model: Detector folder; None means the one that ships.
        output: The cascade folder.
        target_fpr: Of the operating point; None takes the detector's default.
        max_loss: Largest share of flags that may be lost, with 95% confidence; 0 asks for proof.
        columns: Which column holds the text.
        force: An existing folder is replaced.
        is_quiet: No progress bars.
        tell: Told what is done with texts that are too few.

    Raises:
        ConfigError: If the output exists, or the target is not supported.
        DataError: If the texts are too few, or a file cannot be read.
        DetectorError: If there is no such detector.
    """
    refuse_overwrite(output, force=force)
    detector = Detector.load(model)
    proven = proven_threshold(detector, target_fpr=target_fpr)
    texts = _read(sources, columns or ColumnMap())
    ngrams = None
    if proven is None:
        _require(texts, max_loss)
        parts: dict[str, list[str]] = {name: [] for name in SHARES}
        for text in texts:
            parts[assign_split(text, seed=0, shares=SHARES)].append(text)
        ngrams, texts = _distilled(detector, parts["fit"], is_quiet=is_quiet), parts["measure"]
    measured = _measure(detector, FirstModel(detector.reader, ngrams), texts, target_fpr, proven, is_quiet=is_quiet)
    threshold = _threshold(measured, proven, max_loss, tell)
    return write_cascade(output, _record(detector, measured, threshold, proven, target_fpr, max_loss), ngrams)


def _read(sources: Sequence[str], columns: ColumnMap) -> list[str]:
    if not sources:
        return []
    rows = read_rows(find_places(sources, labels=None), columns)
    return list(dict.fromkeys(row.text for row in rows if isinstance(row, TextRow)))  # a repeat says nothing new


def _require(texts: Sequence[str], max_loss: float) -> None:
    if not max_loss:
        raise DataError(
            "The detector has no n-grams of its own, so that nothing is lost cannot be proven. Accept a loss "
            "(--loss 0.01) and give texts like those to be scored."
        )
    if len(texts) < 2:
        raise DataError(f"{len(texts)} texts are too few to distil a first model from. Give thousands.")


def _blocks(texts: Sequence[str], title: str, *, is_quiet: bool) -> Iterator[Sequence[str]]:
    with progress(title, len(texts), is_quiet=is_quiet) as advance:
        for start in range(0, len(texts), BLOCK_TEXTS):
            block = texts[start : start + BLOCK_TEXTS]
            yield block
            advance(len(block))


def _scores(detector: Detector, texts: Sequence[str]) -> Floats:
    readings = detector.reader.read(texts)
    return np.array([np.nan if reading.score is None else reading.score for reading in readings], dtype=np.float64)


def _distilled(detector: Detector, texts: Sequence[str], *, is_quiet: bool) -> NgramModel:
    scores = np.concatenate(
        [_scores(detector, block) for block in _blocks(texts, "Scoring to distil", is_quiet=is_quiet)]
    )
    kept = np.flatnonzero(np.isfinite(scores))
    plain = [detector.reader.normaliser.normalise(texts[i]).text for i in kept.tolist()]
    return NgramModel.distil(plain, scores[kept])


def _measure(
    detector: Detector,
    first: FirstModel,
    texts: Sequence[str],
    target_fpr: float | None,
    proven: float | None,
    *,
    is_quiet: bool,
) -> Measured:
    above = detector.point(target_fpr).threshold
    scores, flags = [np.empty(0)], [np.empty(0, dtype=bool)]
    for block in _blocks(texts, "Measuring", is_quiet=is_quiet):
        own, _ = first(block)
        # What is proven to be below the threshold need not be read to know that it is not flagged.
        could_be = np.flatnonzero(np.isfinite(own) & (own >= (-np.inf if proven is None else proven)))
        is_flagged = np.zeros(len(block), dtype=bool)
        is_flagged[could_be] = _scores(detector, [block[i] for i in could_be.tolist()]) > above
        scores.append(own)
        flags.append(is_flagged)
    return Measured(np.concatenate(scores), np.concatenate(flags))


def _threshold(measured: Measured, proven: float | None, max_loss: float, tell: Callable[[str], None]) -> float:
    flagged = measured.first[measured.is_flagged]
    found = measured_threshold(flagged, max_loss=max_loss) if max_loss else None
    if found is None and max_loss:
        n_needed = ceil(log(1 - CONFIDENCE) / log(1 - max_loss))
        few = f"The detector flags {len(flagged):,} of the {len(measured.first):,} texts"
        lack = f"{few}; a loss of at most {max_loss:.3g} takes {n_needed:,} flagged ones"
        if proven is None:
            raise DataError(f"{lack}. Give more texts, or accept a larger loss (--loss).")
        tell(f"{lack}. The threshold that loses nothing, by proof, is taken instead.")
    if proven is None:
        assert found is not None, "too few texts are refused above"
        return found
    return proven if found is None else max(found, proven)


def _record(
    detector: Detector,
    measured: Measured,
    threshold: float,
    proven: float | None,
    target_fpr: float | None,
    max_loss: float,
) -> CascadeRecord:
    is_read = np.isfinite(measured.first)
    is_forwarded = is_read & (measured.first >= threshold)
    n_flagged, n_lost = int(measured.is_flagged.sum()), int((measured.is_flagged & ~is_forwarded).sum())
    is_proven = threshold == proven
    return CascadeRecord(
        detector=detector.model.sha256,
        target_fpr=detector.point(target_fpr).target_fpr,
        first="distilled" if proven is None else "own",
        basis="proven" if is_proven else "measured",
        forward_above=threshold,
        max_loss=0.0 if is_proven else max_loss,
        n_texts=int(is_read.sum()),
        n_flagged=n_flagged,
        n_lost=n_lost,
        loss_upper=0.0 if is_proven else upper_bound(n_lost, n_flagged),
        n_forwarded=int(is_forwarded.sum()),
    )
