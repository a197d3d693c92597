"""Checking one text. Imports as little as it can: the answer should come as fast as the text is read."""

from __future__ import annotations

import sys
from pathlib import Path

from tain.core.errors import ConfigError, DataError
from tain.corpora.streams import open_bytes, refuse_binary
from tain.detector import Detector, Verdict
from tain.detector.reader import MAX_CHARS

STDIN = "-"
ROW_SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
MAX_BYTES = 4 * MAX_CHARS


def check(source: str, *, model: Path | None, target_fpr: float | None = None, prior: float | None = None) -> Verdict:
    """The verdict on the text in a file.

    Args:
        source: A UTF-8 text file, plain, .gz or .zst, or `-` for stdin.
        model: Detector folder; None means the one that ships.
        target_fpr: Of the operating point; None takes the detector's default.
        prior: Share of AI texts among those checked; None takes one half.

    Raises:
        ConfigError: If the file holds rows, or a setting is impossible.
        DataError: If the file is missing, empty, binary or no UTF-8.
        DetectorError: If there is no such detector.
    """
    text = read_text(source)
    return Detector.load(model).check(text, target_fpr=target_fpr, prior=prior)


def read_text(source: str) -> str:
    """The text in a file or on stdin.

    Raises:
        ConfigError: If the file holds rows.
        DataError: If it is missing, empty, binary, too long or no UTF-8.
    """
    name = "stdin" if source == STDIN else source
    content = sys.stdin.buffer.read(MAX_BYTES + 1) if source == STDIN else _file_bytes(Path(source))
    if len(content) > MAX_BYTES:
        raise DataError(f"{name}: is longer than {MAX_BYTES >> 20} MB; expected one text. Split it into parts.")
    if not content.strip():
        raise DataError(f"{name}: is empty; expected a text.")
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise DataError(f"{name}:{line}: holds a NUL byte, so it is binary or damaged. Expected UTF-8 text.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name}:{line}: byte 0x{content[error.start]:02X} at position {error.start} is not UTF-8. Save it as "
            "UTF-8 (it may be Windows-1252)."
        ) from error


def _file_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder. For many texts use: tain score {path}")
    if set(path.suffixes) & set(ROW_SUFFIXES):
        raise ConfigError(f"{path}: holds rows, not one text. Use: tain score {path}")
    if not path.exists():
        raise DataError(f"{path}: there is no such file.")
    with open_bytes(path) as stream:
        refuse_binary(path, stream)
        return stream.read(MAX_BYTES + 1)
