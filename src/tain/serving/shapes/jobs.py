"""What jobs look like to those who ask for them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tain.detector.verdict import CAVEAT
from tain.serving.jobs.record import JobRecord, State


class JobCounts(BaseModel):
    """Rows that have a result."""

    human: int
    ai: int
    too_short: int
    failed: int = Field(description="Rows that could not be scored; each says why.")


class JobBody(BaseModel):
    """A job as it stands."""

    model_config = ConfigDict(protected_namespaces=())

    id: str
    object: Literal["job"] = "job"
    number: int = Field(description="Order in which jobs came; pages of the list go by it.")
    state: State = Field(description="queued and running go on; done, failed and cancelled are ends.")
    reason: str | None = Field(description="Why it failed, or why it waits.")
    name: str = Field(description="Of the file.")
    n_bytes: int = Field(description="Of the upload.")
    model: str = Field(description="Name of the detector.")
    version: str = Field(description="Its version.")
    model_sha: str = Field(description="Hash of all that decides its answers; no other scores this job.")
    target_fpr: float = Field(description="False positive rate of the operating point.")
    prior: float | None = Field(description="Assumed share of AI texts; null: the detector's default.")
    n_rows: int | None = Field(description="Null before the file was read.")
    n_done: int = Field(description="Rows that have a result.")
    counts: JobCounts
    created: str = Field(description="ISO 8601, UTC.")
    started: str | None
    finished: str | None
    caveat: str = Field(CAVEAT, description="How to take the results.")


class JobList(BaseModel):
    """Jobs, the newest first."""

    object: Literal["list"] = "list"
    data: list[JobBody]
    next: int | None = Field(description="Value of before for the next page; null: this is the last.")


class ResultBody(BaseModel):
    """What came of a row."""

    row: int = Field(description="Place in the file, from 0.")
    line: int = Field(description="Line of a text file, or row of a Parquet file, from 1.")
    id: str | None = Field(description="As the file has it, or file and line; null where the row cannot be read.")
    score: float | None = Field(description="Logit, unclipped, higher means AI.")
    probability: float | None = Field(description="That the text is AI, at the prior.")
    label: Literal["human", "ai", "too_short"] | None = Field(description="At the operating point.")
    n_words: int | None = Field(description="Of the normalised text.")
    n_windows: int | None = Field(description="Stretches that were read.")
    error: str | None = Field(description="Why the row has no score.")


class ResultPage(BaseModel):
    """Results in the order of the file, as far as there are any."""

    object: Literal["list"] = "list"
    state: State = Field(description="Of the job: more comes while it is queued or running.")
    data: list[ResultBody]
    next: int | None = Field(description="Value of after for what follows; null: the job has ended, and this is all.")


def job_body(job: JobRecord, *, is_served: bool) -> JobBody:
    """A job as it is sent.

    Args:
        job: As it stands.
        is_served: Its model is at hand.
    """
    fields = {name: getattr(job, name) for name in JobBody.model_fields if hasattr(job, name)}
    fields |= {name: _iso(getattr(job, name)) for name in ("created", "started", "finished")}
    if job.finished is None and not is_served:
        fields["reason"] = f"It waits for a server with {job.model} {job.version}; this one has no model of that hash."
    counts = JobCounts(human=job.n_human, ai=job.n_ai, too_short=job.n_too_short, failed=job.n_failed)
    return JobBody(**fields, counts=counts)


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
