"""Evaluation of a Classifier with any labels: accuracy, F1 of each class, and what is confused with what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tain.core.errors import DetectorError
from tain.core.example import Corpus
from tain.core.files import refuse_overwrite, whole_folder
from tain.core.progress import progress
from tain.core.version import VERSION
from tain.corpora.normalise import LATEST, get_normaliser
from tain.detector.folder import find_classifier
from tain.evaluation.bootstrap import N_DRAWS, Bootstrap
from tain.evaluation.html import write_class_html
from tain.evaluation.multiclass import class_measures
from tain.evaluation.schema import ClassReport
from tain.recipes.provenance import provenance_of

Logits = NDArray[np.float32]


def evaluate_classes(
    model: Path,
    corpus: Corpus,
    *,
    output: Path | None = None,
    files: Sequence[str | Path] = (),
    notes: Mapping[str, str] | None = None,
    force: bool = False,
    is_quiet: bool = False,
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> ClassReport:
    """A Report on labelled texts, written to a folder when one is named.

    Texts are normalised as training normalises them, and read up to the longest input of the network: what comes
    after is not seen.

    Args:
        model: A Classifier folder, or a Run with a `model` in it.
        corpus: With the labels of the model.
        output: Gets `report.json`, `report.html` and `scores.parquet`, all or none.
        files: What the corpus was read from; their hashes go into the Report.
        notes: Further lines for where it comes from.
        force: Replace what is in the folder.
        is_quiet: No progress bar.
        n_draws: Of each bootstrap.
        seed: Of the bootstrap.

    Raises:
        DetectorError: If the folder is no Classifier.
        ConfigError: If the folder is taken, or the corpus has a label that the model does not know.
    """
    folder = find_classifier(model)
    if folder is None:
        raise DetectorError(f"{model} is no classifier of tain. Give the folder that tain train wrote.")
    if output is not None:
        refuse_overwrite(output, force=force)
    names, logits, n_cut = _logits(folder, corpus, is_quiet=is_quiet)
    called = logits.argmax(axis=1)
    truth = np.array([corpus.labels.index(str(example.label)) for example in corpus])
    groups = [example.group or "" for example in corpus]
    measures = class_measures(called, truth, names=names, groups=groups, bootstrap=Bootstrap(n_draws, seed))
    provenance = {"model": str(folder), "texts": len(corpus), "texts cut": n_cut, "texts sha256": corpus.sha256}
    report = ClassReport(
        tain_version=VERSION,
        n_draws=n_draws,
        seed=seed,
        provenance={**provenance, **provenance_of(files), **(notes or {})},
        measures=measures,
    )
    if output is not None:
        with whole_folder(output) as part:
            report.save(part / "report.json")
            write_class_html(report, part / "report.html", title=f"{model.name}: evaluation")
            _frame(corpus, names, called, logits).write_parquet(part / "scores.parquet")
    return report


def _logits(folder: Path, corpus: Corpus, *, is_quiet: bool) -> tuple[tuple[str, ...], Logits, int]:
    from tain.training.classifier import load_classifier  # seconds, which reading the data need not wait for

    classifier = load_classifier(folder)
    normaliser = get_normaliser(LATEST)
    rows = classifier.token_ids([normaliser.normalise(text).text for text in corpus.texts])
    limit = classifier.max_tokens
    # The last token closes the input, and stays when the middle goes.
    kept = [row if len(row) <= limit else [*row[: limit - 1], row[-1]] for row in rows]
    with progress("scoring", len(kept), is_quiet=is_quiet) as advance:
        logits = classifier.logits(kept, advance=advance)
    return classifier.labels.names, logits, sum(len(row) > limit for row in rows)


def _frame(corpus: Corpus, names: Sequence[str], called: NDArray[np.intp], logits: Logits) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [example.id for example in corpus],
            "label": [example.label for example in corpus],
            "called": [names[i] for i in called],
            "group": [example.group for example in corpus],
            **{f"logit_{name}": logits[:, i].astype(float) for i, name in enumerate(names)},
        }
    )
