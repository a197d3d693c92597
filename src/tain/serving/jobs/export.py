"""The results of a job as a file: JSONL and CSV a piece at a time, Parquet by way of the disk."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from tain.serving.jobs.record import JobRecord
from tain.serving.jobs.store import JobStore

Kind = Literal["jsonl", "csv", "parquet"]
MEDIA_TYPES: dict[Kind, str] = {
    "jsonl": "application/jsonl",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}
COLUMNS = ("row", "line", "id", "score", "probability", "label", "n_words", "n_windows", "error")
_PIECE_BYTES = 1 << 16
Page = Sequence[dict[str, Any]]


def export(store: JobStore, job: JobRecord, kind: Kind) -> Iterator[bytes]:
    """The results so far, in the order of the file, as pieces of a file.

    Args:
        store: Of the job.
        job: As it stands.
        kind: Of file.
    """
    writers: dict[Kind, Callable[[Iterator[Page]], Iterator[bytes]]] = {
        "jsonl": _jsonl,
        "csv": _csv,
        "parquet": _parquet,
    }
    return writers[kind](store.pages(job))


def _jsonl(pages: Iterator[Page]) -> Iterator[bytes]:
    for page in pages:
        yield b"".join(json.dumps({name: row[name] for name in COLUMNS}).encode() + b"\n" for row in page)


def _csv(pages: Iterator[Page]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    yield text.getvalue().encode()
    for page in pages:
        text.seek(0)
        text.truncate()
        writer.writerows(page)
        yield text.getvalue().encode()


def _parquet(pages: Iterator[Page]) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    integer, number, word = pa.int64(), pa.float64(), pa.string()
    types = (integer, integer, word, number, number, word, integer, integer, word)
    schema = pa.schema(list(zip(COLUMNS, types, strict=True)))
    with tempfile.TemporaryFile() as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for page in pages:
                writer.write_table(pa.Table.from_pylist(list(page), schema=schema))
        file.seek(0)
        while piece := file.read(_PIECE_BYTES):
            yield piece
