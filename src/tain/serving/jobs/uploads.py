"""The files of jobs in a folder: uploads as they came, and their rows. Their names are ids, whatever clients send."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from tain.core.files import BLOCK_BYTES
from tain.serving.errors import Refusal

_STRAY_S = 3600.0


class Uploads:
    """Texts of strangers: for the owner's eyes only, and deleted as soon as their job has ended."""

    def __init__(self, folder: Path) -> None:
        """Nothing is made.

        Args:
            folder: Holds nothing else.
        """
        self.folder = folder

    def upload(self, identity: str, suffix: str) -> Path:
        """Where the upload of a job lies."""
        return self.folder / f"{identity}{suffix}"

    def rows(self, identity: str) -> Path:
        """Where the rows of a job lie."""
        return self.folder / f"{identity}.rows"

    def keep(self, source: BinaryIO, suffix: str) -> tuple[str, int, str]:
        """Copy an upload to disk; it survives a power cut from here on.

        Args:
            source: At its beginning.
            suffix: One of ours.

        Returns:
            A new id, the number of bytes, and their sha256.

        Raises:
            Refusal: 507 if the disk does not take it.
        """
        identity = uuid4().hex
        path = self.upload(identity, suffix)
        digest, n_bytes = hashlib.sha256(), 0
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                while block := source.read(BLOCK_BYTES):
                    digest.update(block)
                    n_bytes += file.write(block)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            path.unlink(missing_ok=True)
            raise Refusal(507, f"The disk does not take the file ({error.strerror}). Try again later.") from error
        return identity, n_bytes, digest.hexdigest()

    def drop(self, identity: str) -> None:
        """Delete the files of a job."""
        for path in self.folder.iterdir():  # glob keeps each pattern that it was ever given in memory
            if path.name.startswith(f"{identity}."):
                path.unlink(missing_ok=True)

    def sweep(self, open_ids: set[str]) -> None:
        """Delete what no job needs: of jobs that ended, and of processes that died while a file came in.

        Args:
            open_ids: Jobs that still need their files.
        """
        for path in self.folder.iterdir():
            try:
                is_old = time.time() - path.stat().st_mtime > _STRAY_S
            except FileNotFoundError:
                continue
            # A young one may be on its way to become a job.
            if path.name.split(".", 1)[0] not in open_ids and is_old:
                path.unlink(missing_ok=True)

    @property
    def n_bytes(self) -> int:
        """What all files take."""
        sizes = 0
        for path in self.folder.iterdir():
            try:
                sizes += path.stat().st_size
            except FileNotFoundError:
                continue
        return sizes
