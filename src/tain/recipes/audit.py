"""Files in, what is wrong with them out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tain.core.errors import ConfigError
from tain.core.example import Corpus
from tain.core.files import refuse_overwrite, whole_file
from tain.corpora.audit import AuditReport, audit
from tain.corpora.checks import file_source
from tain.corpora.columns import ColumnMap
from tain.corpora.labels import DETECTION_MAP, LabelMap
from tain.corpora.reading import read_corpus
from tain.evaluation.features import FeatureAuroc, feature_auroc


def audit_files(
    paths: Sequence[str],
    *,
    columns: ColumnMap | None = None,
    labels: LabelMap = DETECTION_MAP,
    default_label: str | None = None,
    set_aside: Path | None = None,
    force: bool = False,
    seed: int = 0,
) -> AuditReport:
    """What is wrong with a corpus; each file or folder is taken as one split.

    Args:
        paths: Files, folders and Hub ids.
        columns: Which column holds what; None looks for the usual names.
        labels: What raw labels mean.
        default_label: Label of rows in files without a label column.
        set_aside: JSONL file for rows that cannot be used; None stops at them.
        force: Replace that file if there is one.
        seed: Of samples and folds.

    Raises:
        ConfigError: If no path is given, or the file for bad rows exists without `force`.
        DataError: If a file or, without `set_aside`, a row cannot be used.
    """
    if not paths:
        raise ConfigError("No file was named; expected one or more to audit.")
    if set_aside is not None:
        refuse_overwrite(set_aside, force=force)

    def measure(texts: Sequence[str], is_second: Sequence[bool], groups: Sequence[str]) -> FeatureAuroc:
        return feature_auroc(texts, is_second, groups=groups, seed=seed)

    splits = _read(paths, columns, labels, default_label, set_aside)
    return audit(splits, measure=measure, seed=seed)


def _read(
    paths: Sequence[str],
    columns: ColumnMap | None,
    labels: LabelMap,
    default_label: str | None,
    set_aside: Path | None,
) -> dict[str, Corpus]:
    splits = {}
    with tempfile.TemporaryDirectory() as folder:
        parts = [Path(folder) / f"{i}.jsonl" for i in range(len(paths))]
        for name, path, part in zip(_split_names(paths), paths, parts, strict=True):
            splits[name] = read_corpus(
                [path],
                columns=columns,
                labels=labels,
                default_label=default_label,
                on_bad="stop" if set_aside is None else "set_aside",
                set_aside=part,
            )
        if set_aside is not None:
            _join([part for part in parts if part.exists()], set_aside)
    return splits


def _split_names(paths: Sequence[str]) -> list[str]:
    """File names without suffixes where these differ, and whole paths where they do not."""
    short = [file_source(Path(path)) for path in paths]
    if len(set(paths)) < len(paths):
        raise ConfigError("A file is named twice; expected each split once.")
    return [name if short.count(name) == 1 else str(path) for name, path in zip(short, paths, strict=True)]


def _join(parts: Sequence[Path], whole: Path) -> None:
    if not parts:
        # What an earlier audit set aside would be taken for this one's.
        whole.unlink(missing_ok=True)
        return
    with whole_file(whole) as target, target.open("wb") as out:
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, out)
