"""Decisions read back into the corpus: a new file with its labels put right, and beside it who decided what and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from tain.core.errors import ConfigError, DataError, sample
from tain.core.example import Example
from tain.core.files import refuse_overwrite, sha256_of, whole_file, write_json
from tain.core.version import VERSION
from tain.corpora.checks import RowChecker, file_source
from tain.corpora.columns import ColumnMap
from tain.corpora.faults import Fault
from tain.corpora.formats import rows_of
from tain.corpora.labels import DETECTION_MAP, LabelMap, parse_label_map, raw_label
from tain.mining.about_sheet import AboutSheet, SourceFile, changed, read_about
from tain.mining.decisions import DROP, Decided, journal_of, read_journal, standing
from tain.recipes.review.items import text_sha256
from tain.recipes.review.review import decisions

FORMAT = 1
SUFFIXES = (".jsonl", ".parquet")
Row = dict[str, object]


@dataclass(frozen=True)
class Applied:
    """What became of a corpus.

    Attributes:
        output: The new file.
        provenance: Says who decided what, when and on which evidence.
        counts: Texts `kept`, `relabelled`, `dropped`, `untouched`, and doubted ones that are `undecided`.
    """

    output: Path
    provenance: Path
    counts: Mapping[str, int]


def apply_decisions(sheet: Path, output: Path, *, force: bool = False) -> Applied:
    """Write the corpus anew: labels as they were decided, texts that were dropped left out, all else as it was.

    Args:
        sheet: What `tain suspects --output` wrote; its journal and its column say what is decided.
        output: .jsonl or .parquet. `NAME.decisions.json` is written beside it.
        force: Replace both.

    Raises:
        ConfigError: If the suffix is another one, the output exists, or the sheet names no files of a corpus.
        DataError: If a file of the corpus has changed since, or nothing was decided.
    """
    if output.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"--output {output}: cannot be written by its suffix. Expected {' or '.join(SUFFIXES)}.")
    provenance = output.with_name(f"{output.stem}.decisions.json")
    for path in (output, provenance):
        refuse_overwrite(path, force=force)
    about = read_about(sheet)
    _require_as_it_was(sheet, about)
    decided = decisions(sheet, about)
    if not decided:
        raise DataError(f"{sheet}: nothing is decided yet. Run: tain review {sheet}")
    journal = standing(read_journal(journal_of(sheet)))
    corpus = _Corpus(about, decided, journal)
    rows = list(corpus.rows())
    if missing := sorted(decided.keys() - corpus.seen):
        raise DataError(f"{sheet}: the text {sample(missing[0])} is decided on, and is not in the corpus.")
    if not rows:
        raise DataError(f"{sheet}: every text of the corpus is dropped, so that nothing is left to write.")
    _write(output, rows)
    counts = {**corpus.counts, "undecided": _n_rows(sheet) - len(decided)}
    write_json(provenance, _provenance(sheet, output, about, corpus.log, counts))
    return Applied(output, provenance, counts)


def _require_as_it_was(sheet: Path, about: AboutSheet) -> None:
    if not about.corpus:
        raise ConfigError(
            f"{sheet} names no files that decisions could be read back into (it was made by {about.made_by}). `tain "
            "mine --resume` reads its own; a data set of the Hub has to be a file first."
        )
    if found := changed(about):
        lines = "".join(f"\n  {path} {reason}" for path, reason in found.items())
        raise DataError(
            f"The corpus is not what {sheet.name} was made from:{lines}\nPut the files back as they were, or run tain "
            "suspects on them again."
        )


class _Corpus:
    """The rows of the corpus, one file after the other, with what was decided of each."""

    def __init__(self, about: AboutSheet, decided: Mapping[str, str], journal: Mapping[str, Decided]) -> None:
        self.about, self.decided, self.journal = about, decided, journal
        self.labels = parse_label_map(about.label_map) if about.label_map else DETECTION_MAP
        self.counts: Counter[str] = Counter({"kept": 0, "relabelled": 0, "dropped": 0, "untouched": 0})
        self.seen: set[str] = set()
        self.log: list[dict[str, object]] = []

    def rows(self) -> Iterator[Row]:
        for file in self.about.corpus:
            yield from self._rows_of(file)

    def _rows_of(self, file: SourceFile) -> Iterator[Row]:
        path, columns = Path(file.path), ColumnMap(**self.about.columns)
        checker = RowChecker(
            file=path.name,
            columns=columns,
            labels=self.labels,
            default_label=file.folder_label,
            id_prefix=file.id_prefix,
            source=file_source(path),
        )
        for row in rows_of(path):
            example = None if isinstance(row, Fault) else checker.example(row)
            if isinstance(row, Fault) or isinstance(example, Fault):
                raise DataError(f"{row if isinstance(row, Fault) else example}.")
            if example is None:  # of a label that the map leaves out
                yield dict(row.values)
                continue
            if (values := self._after(dict(row.values), example, columns.find(row.values))) is not None:
                yield values

    def _after(self, values: Row, example: Example, where: Mapping[str, str]) -> Row | None:
        decision = self.decided.get(example.id)
        if decision is None:
            self.counts["untouched"] += 1
            return values
        self.seen.add(example.id)
        outcome = "dropped" if decision == DROP else "kept" if decision == example.label else "relabelled"
        self.counts[outcome] += 1
        self._note(example, decision, outcome)
        if outcome == "dropped":
            return None
        if outcome == "relabelled":
            values[where.get("label", "label")] = _raw(decision, values.get(where.get("label", "")), self.labels)
        return values

    def _note(self, example: Example, decision: str, outcome: str) -> None:
        by_hand = Decided(example.id, decision, str(example.label), "", "", text_sha256(example.text))
        line = self.journal.get(example.id, by_hand)
        if line.text_sha256 != text_sha256(example.text):
            raise DataError(f"The text {sample(example.id)} is not the one decided on. Run tain suspects again.")
        value = {name: each for name, each in asdict(line).items() if name != "is_undo"}
        where = "the page" if example.id in self.journal else "the sheet"
        self.log.append({**value, "was": example.label, "outcome": outcome, "decided_on": where})


def _raw(decision: str, before: object, labels: LabelMap) -> object:
    """A label as the column of the file writes it: a number where it held one, else our own word."""
    raw = raw_label(before)
    if raw is None or raw in labels.labels.names:
        return decision
    alike = [each for each, name in labels.aliases.items() if name == decision and each.isdigit() == raw.isdigit()]
    if not alike:
        return decision
    return type(before)(alike[0]) if isinstance(before, (int, float)) and alike[0].isdigit() else alike[0]


def _write(output: Path, rows: list[Row]) -> None:
    with whole_file(output) as part:
        if output.suffix.lower() == ".parquet":
            pl.DataFrame(rows, infer_schema_length=None).write_parquet(part)
        else:
            lines = (json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
            part.write_text("".join(lines), encoding="utf-8")


def _provenance(
    sheet: Path, output: Path, about: AboutSheet, log: list[dict[str, object]], counts: Mapping[str, int]
) -> dict[str, object]:
    return {
        "format": FORMAT,
        "tain_version": VERSION,
        "corpus": [file.model_dump(include={"path", "sha256"}) for file in about.corpus],
        "sheet": {"name": sheet.name, "sha256": sha256_of(sheet), "made_by": about.made_by},
        "output": {"name": output.name, "sha256": sha256_of(output)},
        "counts": dict(counts),
        "decisions": log,
    }


def _n_rows(sheet: Path) -> int:
    return sum(1 for _ in rows_of(sheet))
