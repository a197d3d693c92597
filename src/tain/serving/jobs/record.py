"""What is known of a job and of its rows."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, fields
from typing import Literal

State = Literal["queued", "running", "done", "failed", "cancelled"]
OPEN: tuple[State, ...] = ("queued", "running")


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is asked for.

    Attributes:
        id: Random; names the files.
        key_name: Whose it is; empty where no keys are asked for.
        idempotency_key: As sent, if any.
        request_sha256: Of the upload and what is asked of it.
        name: Of the file, for people.
        suffix: Of the file, one of ours.
        n_bytes: Of the upload.
        text_column: None looks for the usual names.
        id_column: The same.
        model: Name of the detector.
        version: Its version.
        model_sha: Its hash; no other scores this job.
        target_fpr: Of the operating point.
        prior: Share of AI texts; None takes the default.
    """

    id: str
    key_name: str
    idempotency_key: str | None
    request_sha256: str
    name: str
    suffix: str
    n_bytes: int
    text_column: str | None
    id_column: str | None
    model: str
    version: str
    model_sha: str
    target_fpr: float
    prior: float | None


@dataclass(frozen=True, slots=True)
class JobRecord(NewJob):
    """A job as it stands.

    Attributes:
        number: Order in which jobs came.
        state: queued, running, done, failed or cancelled.
        reason: Why it failed.
        created: Seconds since 1970.
        started: The same; None before.
        finished: The same; None before.
        n_rows: None before the file was read.
        position: Byte of the file of rows where the next block begins.
        n_done: Rows with a result, those that failed included.
        n_human: Of them, by label.
        n_ai: The same.
        n_too_short: The same.
        n_failed: Rows without a score.
    """

    number: int
    state: State
    reason: str | None
    created: float
    started: float | None
    finished: float | None
    n_rows: int | None
    position: int
    n_done: int
    n_human: int
    n_ai: int
    n_too_short: int
    n_failed: int


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a row.

    Attributes:
        line: Of a text file, or row of a Parquet file, from 1.
        id: As the file has it, or file and line; None where the row could not be read.
        label: human, ai or too_short; None where there is an error.
        score: Logit, higher means AI.
        probability: That the text is AI, at the prior.
        n_words: Of the normalised text.
        n_windows: Stretches that were read.
        error: Why there is no score.
    """

    line: int
    id: str | None
    label: str | None = None
    score: float | None = None
    probability: float | None = None
    n_words: int | None = None
    n_windows: int | None = None
    error: str | None = None


NEW_COLUMNS = tuple(each.name for each in fields(NewJob))
JOB_COLUMNS = tuple(each.name for each in fields(JobRecord))
RESULT_COLUMNS = tuple(each.name for each in fields(Result))


def job_of(row: sqlite3.Row) -> JobRecord:
    """The job in these columns."""
    return JobRecord(**{name: row[name] for name in JOB_COLUMNS})
