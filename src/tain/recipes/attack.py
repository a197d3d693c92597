"""Attacked copies of labelled texts, one row for each text and attack."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from tain.core.example import Example
from tain.core.files import refuse_overwrite
from tain.core.progress import progress
from tain.corpora.columns import ColumnMap
from tain.corpora.formats import Row
from tain.corpora.labels import DETECTION_MAP, LabelMap
from tain.corpora.places import find_places
from tain.corpora.reading import read_examples
from tain.evaluation.attacked_rows import MODEL_WRITTEN, UNATTACKED
from tain.evaluation.attacks.base import Attack, Attacked, check_strength
from tain.evaluation.attacks.registry import expand
from tain.evaluation.attacks.suite import apply_at
from tain.recipes.attack_output import ORIGINS, STDOUT, OutRow, check_suffix, open_rows
from tain.recipes.attack_parts import AttackSettings, AttackSummary, make_attacks

BLOCK_TEXTS = 64


def attack(
    source: str,
    *,
    output: str,
    settings: AttackSettings,
    columns: ColumnMap | None = None,
    labels: LabelMap = DETECTION_MAP,
    set_aside: Path | None = None,
    force: bool = False,
    is_quiet: bool = False,
) -> AttackSummary:
    """Write every text under every attack, text by text; memory holds a few texts at a time.

    Args:
        source: File, folder, Hub id, or `-` for JSONL on stdin.
        output: File by its suffix, or `-` for JSONL on stdout.
        settings: Which attacks, and how.
        columns: Which column holds what; None looks for the usual names.
        labels: What raw labels mean; not asked for where the rows have none.
        set_aside: File for the rows that cannot be used; None stops at them.
        force: Replace the output.
        is_quiet: No progress bar.

    Raises:
        ConfigError: If an attack is unknown or lacks what it needs, or the output is taken.
        DataError: If rows cannot be used and are not to be set aside.
        EndpointError: If a language model was asked and failed.
    """
    summary = AttackSummary(output)
    attacks = _attacks(settings, summary)
    check_suffix(output)
    for file in (Path(output) if output != STDOUT else None, set_aside):
        if file is not None:
            refuse_overwrite(file, force=force)
    if set_aside is not None:
        set_aside.unlink(missing_ok=True)
    with _opened(source) as path, open_rows(output) as write, progress("Attacking", None, is_quiet=is_quiet) as advance:
        columns = columns or ColumnMap()
        examples = read_examples(
            [path],
            columns=columns,
            labels=labels if _has_labels(path, columns, labels) else None,
            on_bad="stop" if set_aside is None else "set_aside",
            set_aside=set_aside,
            is_quiet=is_quiet,
        )
        for block in _blocks(examples):
            write(_rows(block, attacks, settings, summary))
            summary.n_texts += len(block)
            advance(len(block))
    return summary


def _attacks(settings: AttackSettings, summary: AttackSummary) -> list[Attack]:
    expand(settings.names)
    if settings.strength is not None:
        check_strength(settings.strength)
    donors = [example.text for example in read_examples([settings.donors], labels=None)] if settings.donors else []
    attacks, summary.left_out = make_attacks(settings.names, donors=donors, model=settings.model)
    return attacks


@contextmanager
def _opened(source: str) -> Iterator[str]:
    if source != STDOUT:
        yield source
        return
    # The rows are read twice, once to check them, so what can be read only once is kept on disk meanwhile.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stdin.jsonl"
        with file.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        yield str(file)


def _has_labels(path: str, columns: ColumnMap, labels: LabelMap) -> bool:
    places = find_places([path], labels=labels)
    rows = (row.values for place in places for row in place.rows() if isinstance(row, Row))
    found = columns.find(next(rows, {}))
    return columns.label is not None or "label" in found or "generator" in found or any(p.folder_label for p in places)


def _blocks(examples: Iterable[Example]) -> Iterator[list[Example]]:
    left = iter(examples)
    while block := list(islice(left, BLOCK_TEXTS)):
        yield block


def _rows(
    block: Sequence[Example], attacks: Sequence[Attack], settings: AttackSettings, summary: AttackSummary
) -> list[OutRow]:
    rows: list[tuple[int, OutRow]] = []
    for made in attacks:
        kept = [i for i, example in enumerate(block) if made.name not in MODEL_WRITTEN or example.label != "human"]
        summary.n_human_left_out += len(block) - len(kept)
        attacked = apply_at(
            made,
            [block[i].text for i in kept],
            places=[summary.n_texts + i for i in kept],
            seed=settings.seed,
            strength=settings.strength,
        )
        summary.count(made.name, attacked)
        share = made.default_strength if settings.strength is None else settings.strength
        rows += [(i, _row(block[i], made.name, share, each)) for i, each in zip(kept, attacked, strict=True)]
    if settings.has_clean:
        summary.n_rows[UNATTACKED] = summary.n_rows.get(UNATTACKED, 0) + len(block)
        rows = [*((i, _row(example, UNATTACKED, 0.0, None)) for i, example in enumerate(block)), *rows]
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def _row(example: Example, name: str, strength: float, attacked: Attacked | None) -> OutRow:
    return {
        "id": example.id if attacked is None else f"{example.id}/{name}",
        "source_id": example.id,
        "text": example.text if attacked is None else attacked.text,
        "label": example.label,
        "attack": name,
        "strength": float(strength),
        "n_edits": 0 if attacked is None else attacked.n_edits,
        "spans": [] if attacked is None else attacked.spans.tolist(),
        "original_spans": [] if attacked is None else attacked.original_spans.tolist(),
        **{name: getattr(example, name) for name in ORIGINS},
    }
