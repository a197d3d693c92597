"""Examples as Parquet with every field, written as they stream by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from tain.core.example import EXAMPLE_FIELDS, Example
from tain.core.files import whole_file

_BATCH_ROWS = 4096


def write_examples(path: Path, examples: Iterable[Example]) -> int:
    """Write examples, whole or not at all, and return how many there were.

    Args:
        path: .parquet. Examples may be none; the file then holds no row.
        examples: Read once, a batch in memory at a time.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.string()) for name in EXAMPLE_FIELDS])
    n_written, rows = 0, iter(examples)
    with whole_file(path) as part, pq.ParquetWriter(part, schema, compression="zstd") as writer:
        while batch := [asdict(example) for example in islice(rows, _BATCH_ROWS)]:
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))
            n_written += len(batch)
    return n_written


def load_examples(path: Path) -> list[Example]:
    """The examples that `write_examples` wrote."""
    import pyarrow.parquet as pq

    return [Example(**row) for row in pq.read_table(path, columns=list(EXAMPLE_FIELDS)).to_pylist()]
