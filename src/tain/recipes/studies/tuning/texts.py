"""The texts of a task: what is trained on, what chooses, and what is tested and chooses nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tain.core.errors import ConfigError, DataError
from tain.core.example import DETECTION, LabelSet
from tain.core.files import whole_file
from tain.corpora.code_comments import strip_comments
from tain.corpora.normalise import get_normaliser
from tain.corpora.split import assign_split
from tain.recipes.studies.tuning.configuration import TuningTask

READERS: Mapping[str, Callable[[Path], pl.DataFrame]] = {
    ".parquet": pl.read_parquet,
    ".jsonl": pl.read_ndjson,
    ".csv": pl.read_csv,
}
MOST_CLASSES = 200
TRAIN, VALID, TEST = "train", "valid", "test"


@dataclass(frozen=True)
class TaskTexts:
    """The parts of a task; no text and no group stands in two of them.

    Attributes:
        labels: Classes, in the order of the class indices.
        train: All that may be trained on, columns id, text, pair (null for single texts), label (its index) and group.
        valid: What chooses, at most `max_valid` texts.
        test: What is tested, at most `max_test` texts.
        counts: Rows left out, by reason.
    """

    labels: LabelSet
    train: pl.DataFrame
    valid: pl.DataFrame
    test: pl.DataFrame
    counts: Mapping[str, int]

    def subset(self, size: int, *, seed: int) -> pl.DataFrame:
        """So many training texts with the classes' shares; a smaller subset of a seed lies within a larger one.

        Args:
            size: Number of texts.
            seed: Draws them.

        Raises:
            ConfigError: If there are not as many texts, or a class gets none.
        """
        if size > len(self.train):
            raise ConfigError(
                f"{size:,} training texts are asked for, but there are {len(self.train):,} once validation and test "
                "texts are set apart. Lower the task's sizes."
            )
        chosen = stratified(self.train, seed=seed).head(size)
        missing = sorted(set(range(len(self.labels))) - set(chosen["label"].to_list()))
        if missing:
            raise ConfigError(
                f"{size} training texts, drawn with the classes' shares, hold none of "
                f"{self.labels.names[missing[0]]!r} ({len(self.labels)} classes). Raise the task's sizes."
            )
        return chosen


def read_task(task: TuningTask, *, split_seed: int) -> TaskTexts:
    """The parts of a task.

    Args:
        task: Its file, columns and parts.
        split_seed: Draws parts that the file does not name, and the texts of large ones.

    Raises:
        ConfigError: If a column or part is not in the file.
        DataError: If the file cannot be read, a value is missing, or a part lacks a class.
    """
    frame = _read(task)
    labels = _labels(frame, task)
    counts: Counter[str] = Counter()
    frame = _kept(frame, pl.col("label").is_in(list(labels.names)), "of other labels", counts)
    if task.n_words is not None:
        frame = _cut(frame, task.n_words, counts)
    index = {name: number for number, name in enumerate(labels.names)}
    frame = frame.with_columns(pl.col("label").replace_strict(index, return_dtype=pl.Int32))
    parts = _apart(_parts(frame, task, split_seed), counts)
    for name, part in parts.items():
        _require_all_classes(part, labels, f"{task.name}: the {name} part")
    valid, test = (
        stratified(parts[name], seed=split_seed).head(most)
        for name, most in ((VALID, task.max_valid), (TEST, task.max_test))
    )
    kept = ("id", "text", "pair", "label", "group")
    return TaskTexts(labels, parts[TRAIN].select(kept), valid.select(kept), test.select(kept), dict(counts))


def _kept(frame: pl.DataFrame, condition: pl.Expr, otherwise: str, counts: Counter[str]) -> pl.DataFrame:
    kept = frame.filter(condition)
    counts[otherwise] += frame.height - kept.height
    return kept


def _cut(frame: pl.DataFrame, n_words: int, counts: Counter[str]) -> pl.DataFrame:
    """Every text at the same length, so that length tells no class; of code the lines stay lines."""
    n_found = pl.col("text").str.count_matches(r"\S+")
    frame = _kept(frame, n_found >= n_words, f"under {n_words} words", counts)
    return frame.with_columns(pl.col("text").str.extract(rf"(?s)\A(\s*(?:\S+\s+){{{n_words - 1}}}\S+)", 1))


def stratified(frame: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """The rows in an order of which every beginning has the classes' shares, to within one text each.

    Args:
        frame: With a column `label`.
        seed: Draws the order.
    """
    order = np.random.default_rng(seed).permutation(frame.height)
    shuffled: pl.DataFrame = frame[order.tolist()]
    # The j-th of m texts of a class stands at (j + 1/2) / m of the way.
    place = (pl.int_range(pl.len()).over("label") + 0.5) / pl.len().over("label")
    return shuffled.with_columns(place.alias("_place")).sort("_place", maintain_order=True).drop("_place")


def write_part(frame: pl.DataFrame, path: Path) -> Path:
    """The rows as Parquet, whole or not at all; a file that is there is left alone."""
    if not path.is_file():
        with whole_file(path) as part:
            frame.write_parquet(part)
    return path


def _read(task: TuningTask) -> pl.DataFrame:
    path = Path(task.file).expanduser()
    reader = READERS.get(path.suffix)
    if reader is None:
        raise ConfigError(f"{task.name}: {path} ends in {path.suffix!r}; expected one of {', '.join(READERS)}.")
    try:
        frame = reader(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{task.name}: {path} cannot be read ({error}). Check the path and the format.") from error
    named = {"text": task.text_column, "label": task.label_column}
    named |= {"pair": task.pair_column} if task.pair_column else {}
    named |= {"group": task.group_column} if task.group_column else {}
    named |= {"part": task.splits.column} if task.splits else {}
    for what, column in [*named.items(), *(("where", column) for column in task.where)]:
        if column not in frame.columns:
            raise ConfigError(f"{task.name}: {path} has no column {column!r} for {what}; it has {frame.columns}.")
    for column, values in task.where.items():
        frame = frame.filter(pl.col(column).cast(pl.String).is_in(list(values)))
    if frame.is_empty():
        raise DataError(f"{task.name}: no row of {path} has {task.where}. Check the values.")
    rows = frame.select([pl.col(column).cast(pl.String).alias(what) for what, column in named.items()])
    rows = rows.with_row_index("row").with_columns(pl.col("row").cast(pl.String).alias("id"))
    if not task.pair_column:
        rows = rows.with_columns(pl.lit(None, pl.String).alias("pair"))
    return _cleaned(rows, task, tuple(named))


def _cleaned(rows: pl.DataFrame, task: TuningTask, columns: tuple[str, ...]) -> pl.DataFrame:
    if task.normaliser is not None:
        normalise = get_normaliser(task.normaliser).normalise
        texts = [
            pl.col(c).map_elements(lambda text: normalise(text).text, return_dtype=pl.String) for c in ("text", "pair")
        ]
        rows = rows.with_columns(texts)
    if language := task.comments_of:
        bare = pl.col("text").map_elements(lambda code: strip_comments(code, language), return_dtype=pl.String)
        rows = rows.with_columns(bare)
    used = rows.filter(pl.col("label").is_in(task.labels)) if task.labels else rows
    for column in set(columns) - {"group"}:
        empty = used.filter(pl.col(column).fill_null("").str.strip_chars() == "")
        if empty.height:
            raise DataError(
                f"{task.file}: row {empty['row'][0]} and {empty.height - 1} others have no {column}. Remove these rows."
            )
    group = pl.coalesce("group", "id") if "group" in rows.columns else _words()
    return rows.with_columns(group.alias("group"))


def _words() -> pl.Expr:
    """What makes two rows the same text: the words, case and white space aside."""
    joined = pl.concat_str([pl.col("text"), pl.col("pair").fill_null("")], separator="\x1f")
    return joined.str.to_lowercase().str.replace_all(r"[ \t\r\n]+", " ").str.strip_chars()


def _labels(frame: pl.DataFrame, task: TuningTask) -> LabelSet:
    found = set(frame["label"].drop_nulls().to_list())
    if task.labels:
        if strange := sorted(set(task.labels) - found):
            raise ConfigError(
                f"{task.name}: no row has the label {strange[0]!r}; {task.file} has {sorted(found)[:20]}."
            )
        return LabelSet(task.labels)
    if len(found) > MOST_CLASSES:
        raise ConfigError(
            f"{task.name}: {task.label_column} has {len(found)} values, more than {MOST_CLASSES} classes. Name the "
            "column of a class, or the classes in labels."
        )
    if found == set(DETECTION.names):
        return DETECTION
    numbers = all(name.lstrip("-").isdigit() for name in found)
    return LabelSet(tuple(sorted(found, key=int if numbers else str)))


def _parts(frame: pl.DataFrame, task: TuningTask, seed: int) -> dict[str, pl.DataFrame]:
    if task.splits is None:
        shares = {TRAIN: 1 - task.valid_share - task.test_share, VALID: task.valid_share, TEST: task.test_share}
        return _drawn(frame, shares, seed)
    named = {TRAIN: task.splits.train, VALID: task.splits.valid, TEST: task.splits.test}
    known = frame["part"].unique().to_list()
    if strange := [name for name in named.values() if name is not None and name not in known]:
        raise ConfigError(f"{task.name}: no row is of the part {strange[0]!r}; {task.file} has {sorted(known)}.")
    parts = {place: frame.filter(pl.col("part") == name) for place, name in named.items() if name is not None}
    if VALID not in parts:
        parts |= _drawn(parts[TRAIN], {TRAIN: 1 - task.valid_share, VALID: task.valid_share}, seed)
    return {place: parts[place] for place in (TRAIN, VALID, TEST)}


def _drawn(frame: pl.DataFrame, shares: Mapping[str, float], seed: int) -> dict[str, pl.DataFrame]:
    place = pl.Series([assign_split(group, seed=seed, shares=shares) for group in frame["group"]], dtype=pl.String)
    return {name: frame.filter(place == name) for name in shares}


def _apart(parts: dict[str, pl.DataFrame], counts: Counter[str]) -> dict[str, pl.DataFrame]:
    """Test texts leave the other parts, validation texts the training part, and repeats every part."""
    held: dict[str, set[Any]] = {"group": set(), "words": set()}
    found: dict[str, pl.DataFrame] = {}
    for name in (TEST, VALID, TRAIN):
        part = parts[name].with_columns(_words().alias("words"))
        kept = part.filter(~pl.col("group").is_in(list(held["group"])) & ~pl.col("words").is_in(list(held["words"])))
        counts[f"{name}: in another part too"] += part.height - kept.height
        unique = kept.unique("words", keep="first", maintain_order=True)
        counts[f"{name}: same text again"] += kept.height - unique.height
        for column, values in held.items():
            values.update(part[column].to_list())
        found[name] = unique
    return {name: found[name] for name in (TRAIN, VALID, TEST)}


def _require_all_classes(part: pl.DataFrame, labels: LabelSet, what: str) -> None:
    missing = sorted(set(range(len(labels))) - set(part["label"].to_list()))
    if missing:
        raise DataError(f"{what} holds no {labels.names[missing[0]]!r}. Give more rows, or name other parts.")
