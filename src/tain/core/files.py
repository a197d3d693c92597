"""Files that are written whole or not at all, and their hashes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tain.core.errors import ConfigError, DataError

BLOCK_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """The sha256 of a file, as hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def refuse_overwrite(path: Path, *, force: bool) -> None:
    """Stop before existing work is lost.

    Args:
        path: Where something is about to be written.
        force: The user said that it may be replaced.

    Raises:
        ConfigError: If the path exists (and is no empty folder) without `force`.
    """
    is_empty_folder = path.is_dir() and not any(path.iterdir())
    if path.exists() and not is_empty_folder and not force:
        raise ConfigError(f"{path} exists already. Choose another path, or pass --force to replace it.")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary sibling that replaces `path` when the block ends well, and vanishes otherwise.

    Args:
        path: The file to write. Missing parent folders are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last, because writers choose a format by it.
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        _flush(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary sibling folder that replaces `path` when the block ends well.

    Args:
        path: The folder to write. What stood there before is moved away only once the new one is complete.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield part
        for file in part.rglob("*"):
            if file.is_file():
                _flush(file)
        part.chmod(0o755)
        old = part.with_suffix(".old")
        if path.exists():
            os.replace(path, old)
        os.replace(part, path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Finish or remove what a killed process left half-done among the children of a folder.

    Args:
        folder: Nobody else may be writing in it.
    """
    for old in folder.glob(".*.old"):
        place = folder / old.name[1:].rsplit(".", 2)[0]
        if place.exists():
            shutil.rmtree(old)
        else:  # killed between moving the old one away and the new one in
            os.replace(old, place)
    for part in folder.glob(".*.part*"):
        shutil.rmtree(part) if part.is_dir() else part.unlink()


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 (any JSON value)
    """Write a value as indented JSON, whole or not at all."""
    with whole_file(path) as part:
        part.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:  # noqa: ANN401 (any JSON value)
    """Read a JSON file.

    Raises:
        DataError: If it cannot be read or is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error}).") from error


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
