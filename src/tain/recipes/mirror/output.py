"""Where mirrors go: JSONL or Parquet, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from tain.core.errors import ConfigError
from tain.core.files import sha256_of, whole_file
from tain.mirrors.output import COLUMNS, row_of
from tain.mirrors.store import MirrorStore

SUFFIXES = (".jsonl", ".parquet")
BLOCK_ROWS = 4096


def check_output(path: Path) -> None:
    """Return only if a file of this name can be written.

    Raises:
        ConfigError: If its suffix is none that is known.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"--output {path}: cannot be written by its suffix. Expected {' or '.join(SUFFIXES)}.")


def write_output(store: MirrorStore, path: Path) -> None:
    """Write the accepted mirrors of the wanted parents, in the order of these.

    Args:
        store: Remembers what was written, so that a later run may replace it.
        path: Its suffix says how.
    """
    rows = map(row_of, store.accepted())
    with whole_file(path) as part:
        if path.suffix.lower() == ".parquet":
            _write_parquet(rows, part)
        else:
            with part.open("w", encoding="utf-8", newline="\n") as stream:
                for row in rows:
                    stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        store.record_output(path, sha256_of(part))


def _write_parquet(rows: Iterator[Mapping[str, str | None]], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while block := list(islice(rows, BLOCK_ROWS)):
            writer.write_table(pa.Table.from_pylist(block, schema=schema))
