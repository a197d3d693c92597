"""Where mirrors go: JSONL or Parquet, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from tain.core.errors import ConfigError
from tain.core.files import refuse_overwrite, sha256_of, whole_file
from tain.mirrors.output import COLUMNS, row_of
from tain.mirrors.store import MirrorStore
from tain.mirrors.store_rows import Accepted

SUFFIXES = (".jsonl", ".parquet")
BLOCK_ROWS = 4096
Row = Mapping[str, str | None]


def check_output(path: Path) -> None:
    """Return only if a file of this name can be written.

    Raises:
        ConfigError: If its suffix is none that is known.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"--output {path}: cannot be written by its suffix. Expected {' or '.join(SUFFIXES)}.")


def refuse_foreign(output: Path, store: Path, *, force: bool) -> None:
    """Return only if the output is not there, or was written from this store and not changed since.

    Args:
        output: The file.
        store: The store's file, which need not be there.
        force: Whatever stands there may be replaced.

    Raises:
        ConfigError: If something else would be lost.
    """
    if not output.exists():
        return
    if store.exists():
        with MirrorStore(store, is_read_only=True) as opened:
            if opened.has_written(output, sha256_of(output)):
                return  # an earlier run wrote it, from what is still in the store
    refuse_overwrite(output, force=force)


def write_output(
    store: MirrorStore,
    path: Path,
    *,
    columns: Sequence[str] = COLUMNS,
    row_of: Callable[[Accepted], Row] = row_of,
) -> None:
    """Write what was accepted for the wanted parents, in the order of these.

    Args:
        store: Remembers what was written, so that a later run may replace it.
        path: Its suffix says how.
        columns: Of the rows.
        row_of: From what was accepted to a row; none makes those of mirrors.
    """
    rows = map(row_of, store.accepted())
    with whole_file(path) as part:
        if path.suffix.lower() == ".parquet":
            _write_parquet(rows, part, columns)
        else:
            with part.open("w", encoding="utf-8", newline="\n") as stream:
                for row in rows:
                    stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        store.record_output(path, sha256_of(part))


def _write_parquet(rows: Iterator[Row], path: Path, columns: Sequence[str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.string()) for name in columns])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while block := list(islice(rows, BLOCK_ROWS)):
            writer.write_table(pa.Table.from_pylist(block, schema=schema))
