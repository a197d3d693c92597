"""Put what the trainings of the studies answered into one file, and take it out again: tables without the hours.

    python scripts/studies/tuning/keep.py pack build/studies/cells docs/results/tuning-cells.tar.xz
    python scripts/studies/tuning/keep.py unpack docs/results/tuning-cells.tar.xz build/studies/cells

Finished cells only: settings, cost and the logits of every validation and test text, no weights. Tables that are not
stored compressed share their ids and texts with the next one's, which xz finds. `unpack` leaves cells alone that exist.
"""

from __future__ import annotations

import io
import lzma
import sys
import tarfile
from pathlib import Path

import polars as pl

from tain.core.files import whole_file

SETTINGS = ("settings.json", "cost.json")
TABLES = ("valid", "test", "train")


def pack(cells: Path, output: Path) -> None:
    """Every finished cell of a folder, in order of their names; not those that are being made again."""
    n_kept = 0
    with whole_file(output) as part, tarfile.open(part, "w:xz", preset=9 | lzma.PRESET_EXTREME) as archive:
        for cell in sorted(cells.iterdir()):
            try:
                files = _files(cell)
            except (FileNotFoundError, NotADirectoryError):
                continue
            for name, content in files.items():
                _add(archive, f"{cell.name}/{name}", content)
            n_kept += 1
    print(f"{n_kept} cells, {output.stat().st_size / 1e6:.1f} MB")


def _files(cell: Path) -> dict[str, bytes]:
    tables = {f"{table}.arrow": cell / f"{table}.parquet" for table in TABLES}
    found = {name: _plain(source) for name, source in tables.items() if source.is_file()}
    return found | {name: (cell / name).read_bytes() for name in SETTINGS}  # last: the cost says that it is finished


def unpack(source: Path, cells: Path) -> None:
    """What `pack` wrote, as the studies read it."""
    with tarfile.open(source) as archive:
        for member in archive:
            name, file = member.name.split("/")
            target = (cells / name / file).with_suffix(".parquet" if file.endswith(".arrow") else ".json")
            content = archive.extractfile(member)
            if target.exists() or content is None:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(target) as part:
                if file.endswith(".arrow"):
                    wide = pl.read_ipc(io.BytesIO(content.read()))
                    wide.with_columns(pl.col("^logit_.*$").cast(pl.Float64)).write_parquet(part)
                else:
                    part.write_bytes(content.read())


def _plain(source: Path) -> bytes:
    frame = pl.read_parquet(source)
    short = frame.with_columns(pl.col("^logit_.*$").cast(pl.Float32))
    is_exact = short.with_columns(pl.col("^logit_.*$").cast(pl.Float64)).equals(frame)  # networks answer in float32
    content = io.BytesIO()
    (short if is_exact else frame).write_ipc(content, compression="uncompressed")
    return content.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


if __name__ == "__main__":
    {"pack": pack, "unpack": unpack}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
