"""Per-text gradients on disk: written once and whole, memory-mapped afterwards, so a corpus may exceed memory."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tain.core.errors import ConfigError, DataError
from tain.core.files import read_json, whole_folder, write_json

META, FORMAT = "gradients.json", 1
SPARE_SHARE = 0.05  # of the disk, left free


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """One block as it lies on disk.

    Attributes:
        name: As in the layout.
        n_parameters: Before the projection.
        width: Numbers kept of each text.
    """

    name: str
    n_parameters: int
    width: int


@dataclass(frozen=True)
class GradientStore:
    """Gradients by block.

    Attributes:
        folder: Where they lie.
        n_texts: Rows of each block.
        blocks: What there is.
    """

    folder: Path
    n_texts: int
    blocks: tuple[StoredBlock, ...]

    def rows(self, index: int) -> NDArray[np.float32]:
        """The gradients of a block, shape (n_texts, width), memory-mapped."""
        found: NDArray[np.float32] = np.load(_file(self.folder, index), mmap_mode="r")
        return found

    @property
    def n_bytes(self) -> int:
        """What they take on disk."""
        return bytes_of(self.n_texts, self.blocks)


def build_store(
    folder: Path,
    blocks: Sequence[StoredBlock],
    batches: Callable[[], Iterable[tuple[NDArray[np.int64], Sequence[NDArray[np.float32]]]]],
    *,
    n_texts: int,
) -> GradientStore:
    """Write gradients as they come and open the result. A store that is there already is opened instead.

    Args:
        folder: Appears only when complete; its name should say what went in.
        blocks: What will be written.
        batches: Called if there is no store yet; gives places of texts, and their rows for each block, in any order.
        n_texts: Texts in all.

    Raises:
        ConfigError: If the disk has no room.
        DataError: If the store that is there holds something else.
    """
    if not (folder / META).is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        require_room(folder.parent, bytes_of(n_texts, blocks))
        with whole_folder(folder) as part:
            _write(part, blocks, batches(), n_texts=n_texts)
    store = open_store(folder)
    if store.n_texts != n_texts or store.blocks != tuple(blocks):
        raise DataError(f"{folder}: holds other gradients than were asked for. Delete it, or name another --gradients.")
    return store


def open_store(folder: Path) -> GradientStore:
    """Open what `build_store` wrote.

    Raises:
        DataError: If it is no store, or one of another format.
    """
    value = read_json(folder / META)
    if value.get("format") != FORMAT:
        raise DataError(f"{folder / META}: has format {value.get('format')!r}, expected {FORMAT}. Delete the folder.")
    return GradientStore(folder, value["n_texts"], tuple(StoredBlock(**block) for block in value["blocks"]))


def bytes_of(n_texts: int, blocks: Iterable[StoredBlock]) -> int:
    """What gradients take on disk, in bytes."""
    return 4 * n_texts * sum(block.width for block in blocks)


def require_room(folder: Path, n_bytes: int) -> None:
    """Return only if the disk of a folder has room for so many bytes.

    Raises:
        ConfigError: With what is needed and what there is.
    """
    disk = shutil.disk_usage(folder)
    free = disk.free - int(SPARE_SHARE * disk.total)
    if n_bytes > free:
        raise ConfigError(
            f"{folder}: the gradients take {n_bytes / 1e9:,.1f} GB, and {max(free, 0) / 1e9:,.1f} GB are free to use. "
            "Give --project 512 or so, fewer texts, or --gradients on another disk."
        )


def _write(
    folder: Path,
    blocks: Sequence[StoredBlock],
    batches: Iterable[tuple[NDArray[np.int64], Sequence[NDArray[np.float32]]]],
    *,
    n_texts: int,
) -> None:
    shapes = [(n_texts, block.width) for block in blocks]
    files = [
        np.lib.format.open_memmap(_file(folder, index), mode="w+", dtype=np.float32, shape=shape)
        for index, shape in enumerate(shapes)
    ]
    n_written = 0
    for places, rows in batches:
        for file, own in zip(files, rows, strict=True):
            file[places] = own
        n_written += len(places)
    if n_written != n_texts:
        raise DataError(f"{folder}: gradients of {n_written:,} texts came, expected {n_texts:,}.")
    for file in files:
        file.flush()
    value = {"format": FORMAT, "n_texts": n_texts, "blocks": [asdict(block) for block in blocks]}
    write_json(folder / META, value)


def _file(folder: Path, index: int) -> Path:
    return folder / f"{index:04d}.npy"
