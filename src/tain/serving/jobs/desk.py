"""Where jobs are handed in: their store, their files, and how much of both there may be."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tain.core.errors import DataError
from tain.serving.errors import Refusal
from tain.serving.jobs.kinds import HEAD_BYTES, plain_name, suffix_of
from tain.serving.jobs.record import JobRecord, NewJob
from tain.serving.jobs.schema import prepare
from tain.serving.jobs.store import JobStore
from tain.serving.jobs.uploads import Uploads
from tain.serving.served_detector import ServedDetector

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much there may be.

    Attributes:
        max_rows: Of one file.
        max_chars: Of one text.
        max_bytes: Of all files, jobs and results on disk.
        keep_days: From the end of a job to its deletion.
    """

    max_rows: int
    max_chars: int
    max_bytes: int
    keep_days: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of an upload, beside the file.

    Attributes:
        model: Scores it.
        target_fpr: Of an operating point of the model.
        prior: Share of AI texts; None takes the default.
        text_column: None looks for the usual names.
        id_column: The same.
    """

    model: ServedDetector
    target_fpr: float
    prior: float | None
    text_column: str | None
    id_column: str | None


class Desk:
    """Takes jobs."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        """Make the folder and the store, or open them.

        Args:
            folder: Of the jobs; other servers may use it too.
            limits: How much there may be.

        Raises:
            DataError: If the folder cannot be used.
        """
        self.limits = limits
        self.uploads = Uploads(folder / "uploads")
        self.store = JobStore(store_file(folder))
        try:
            self.uploads.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise DataError(f"{folder}: cannot hold jobs ({error.strerror}). Name another --jobs-dir.") from error
        prepare(self.store.path)

    def hand_in(
        self, file: BinaryIO, name: str | None, asked: Asked, *, key_name: str, idempotency_key: str | None
    ) -> tuple[JobRecord, bool]:
        """Keep an upload as a job.

        Args:
            file: As it came.
            name: As it came.
            asked: What to do with it.
            key_name: Whose it is.
            idempotency_key: As it came, if any.

        Returns:
            The job, or the one that the same request made before; whether it is new.

        Raises:
            Refusal: 415 for other files, 422 for an empty one or a key that was used, 507 without room.
        """
        plain = plain_name(name)
        n_bytes = file.seek(0, os.SEEK_END)
        file.seek(0)
        if not n_bytes:
            raise Refusal(422, "The file is empty. Expected at least one row.", error_type="empty")
        suffix = suffix_of(plain, file.read(HEAD_BYTES))
        file.seek(0)
        if n_bytes > self.room():
            raise Refusal(507, "There is no room for more jobs. Delete jobs that are done, or come back later.")
        identity, n_bytes, sha256 = self.uploads.keep(file, suffix)
        is_new = False
        try:
            job = _new_job(identity, plain, suffix, n_bytes, sha256, asked, key_name, idempotency_key)
            record, is_new = self.store.add(job)
        finally:
            if not is_new:
                self.uploads.drop(identity)
        return record, is_new

    def room(self) -> int:
        """Bytes that may still be taken."""
        return self.limits.max_bytes - self.uploads.n_bytes - self.store.n_bytes

    def sweep(self) -> None:
        """Delete what is too old, and files that no job needs."""
        self.store.drop_old(keep_s=self.limits.keep_days * DAY_S)
        self.uploads.sweep(self.store.open_ids())


def store_file(folder: Path) -> Path:
    """Where in a folder of jobs their store lies."""
    return folder / "jobs.sqlite"


def _new_job(
    identity: str,
    name: str,
    suffix: str,
    n_bytes: int,
    sha256: str,
    asked: Asked,
    key_name: str,
    idempotency_key: str | None,
) -> NewJob:
    fields = {
        "text_column": asked.text_column,
        "id_column": asked.id_column,
        "target_fpr": asked.target_fpr,
        "prior": asked.prior,
    }
    model = asked.model.id
    # A name without consequences is left out: the same file under another name is the same request.
    request = json.dumps({"file": sha256, "suffix": suffix, "model": model.sha256, **fields})
    return NewJob(
        id=identity,
        key_name=key_name,
        idempotency_key=idempotency_key,
        request_sha256=hashlib.sha256(request.encode()).hexdigest(),
        name=name,
        suffix=suffix,
        n_bytes=n_bytes,
        model=model.name,
        version=model.version,
        model_sha=model.sha256,
        **fields,  # type: ignore[arg-type]
    )
