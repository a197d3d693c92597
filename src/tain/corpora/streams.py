"""Bytes from plain, .gz and .zst files; damage is told in plain words."""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

import zstandard

from tain.core.errors import DataError

COMPRESSIONS = (".gz", ".zst")
_BLOCK_BYTES = 1 << 16
# So little of Zstandard unpacks to 8 MB at most: what is small on disk cannot fill the memory.
_FRAME_BYTES = 1 << 8
_HEAD_BYTES = 8192
_MAX_CONTROL_SHARE = 0.05
_MIN_CONTROL = 4
_MAGIC = {
    b"PAR1": "a Parquet file; give it the suffix .parquet",
    b"\x1f\x8b": "gzip data; give it the suffix .gz",
    b"\x28\xb5\x2f\xfd": "Zstandard data; give it the suffix .zst",
    b"PK\x03\x04": "a zip file, or an Office document; unpack or export it first",
    b"%PDF": "a PDF; extract its text first",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    b"SQLite format 3": "an SQLite database; export a table as CSV",
    b"ARROW1": "an Arrow file; convert it to Parquet",
}


class _ZstdReader(io.RawIOBase):
    """Zstandard frames as a raw stream that refuses to end inside a frame."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._is_inside = False
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        while not self._ready:
            block = self._file.read(_FRAME_BYTES)
            if not block:
                if self._is_inside:
                    raise EOFError("the file ends inside a frame")
                return 0
            self._ready = memoryview(self._decompress(block))
        n_bytes = min(len(view), len(self._ready))
        view[:n_bytes], self._ready = self._ready[:n_bytes], self._ready[n_bytes:]
        return n_bytes

    def close(self) -> None:
        self._file.close()
        super().close()

    def _decompress(self, block: bytes) -> bytes:
        parts = []
        while block:
            parts.append(self._frame.decompress(block))
            self._is_inside = not self._frame.eof
            block = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
        return b"".join(parts)


def compression_of(path: Path) -> str:
    """The suffix of the compression, or nothing."""
    return path.suffix.lower() if path.suffix.lower() in COMPRESSIONS else ""


@contextmanager
def open_bytes(path: Path) -> Iterator[io.BufferedReader]:
    """The uncompressed bytes of a file.

    Raises:
        DataError: If the file cannot be read, is damaged or ends early, at opening or inside the block.
    """
    try:
        with path.open("rb") as file, _uncompressed(path, file) as stream:
            yield stream
    except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        kind = {".gz": "gzip", ".zst": "Zstandard"}[compression_of(path)]
        raise DataError(
            f"{path}: is damaged or cut short as {kind} data ({error}). Copy or download it again."
        ) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error


@contextmanager
def open_seekable(path: Path) -> Iterator[IO[bytes]]:
    """The uncompressed bytes of a file, able to seek; compressed ones are unpacked to a temporary file.

    Raises:
        DataError: If the file cannot be read, is damaged or ends early.
    """
    if not compression_of(path):
        with open_bytes(path) as stream:
            yield stream
        return
    with tempfile.TemporaryFile() as unpacked:
        with open_bytes(path) as stream:
            shutil.copyfileobj(stream, unpacked, _BLOCK_BYTES)
        unpacked.seek(0)
        yield unpacked


def refuse_binary(path: Path, stream: io.BufferedReader) -> None:
    """Return only if a stream begins as text does; nothing is consumed.

    Raises:
        DataError: If it is binary; says which kind where the first bytes tell.
    """
    head = stream.peek(_HEAD_BYTES)[:_HEAD_BYTES]
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            raise DataError(f"{path}: is no text but looks like {kind}.")
    n_control = sum(byte < 9 or 13 < byte < 32 for byte in head)
    if n_control >= _MIN_CONTROL and n_control > _MAX_CONTROL_SHARE * len(head):
        raise DataError(
            f"{path}: is binary, not text ({n_control} control bytes in the first {len(head)}). "
            "Expected JSONL, CSV, Parquet or plain text."
        )


def _uncompressed(path: Path, file: BinaryIO) -> io.BufferedReader:
    if compression_of(path) == ".gz":
        return io.BufferedReader(gzip.GzipFile(fileobj=file, mode="rb"), _BLOCK_BYTES)
    if compression_of(path) == ".zst":
        return io.BufferedReader(_ZstdReader(file), _BLOCK_BYTES)
    return io.BufferedReader(file, _BLOCK_BYTES)  # type: ignore[arg-type]
