"""What a server can be told."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tain.core.errors import ConfigError

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
PUBLIC_RATE = 600


class Settings(BaseModel):
    """All settings of a server; the defaults are for one person on one machine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: tuple[Path, ...] = Field(
        (), description="Folders of detectors and classifiers, the first for requests that name none; none takes ours."
    )
    adapters: Path | None = Field(
        None, description="Folder whose subfolders are models, loaded when a request names one and dropped again."
    )
    adapter_memory_bytes: int = Field(
        1_000_000_000, ge=1, description="Memory for models of adapters, beside the one network that they share."
    )
    host: str = Field("127.0.0.1", description="Address to listen on; any but loopback needs keys.")
    port: int = Field(3000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    keys: Path | None = Field(None, description="File of API keys, made by tain key; none asks for no key.")
    allowed_hosts: tuple[str, ...] = Field(
        (), description="Names that a Host header may give; none takes loopback's on loopback, and any elsewhere."
    )
    engine: Literal["auto", "torch"] = Field(
        "auto", description="auto reads with numpy where the network allows it; torch suits an accelerator."
    )
    batch_tokens: int = Field(
        4096, ge=512, description="Tokens read in one turn: a short text waits two turns at most. 16384 suits a GPU."
    )
    max_requests: int = Field(512, ge=1, description="Requests at a time; more are told to come back.")
    max_waiting_chars: int = Field(32_000_000, ge=1, description="Characters that may wait to be read.")
    max_texts: int = Field(32, ge=1, description="Texts in one request.")
    max_body_bytes: int = Field(2_000_000, ge=1, description="Size of one request.")
    max_file_bytes: int = Field(20_000_000, ge=1, description="Size of one document to check.")
    jobs_dir: Path | None = Field(None, description="Folder of jobs; none takes tain/jobs in the user's state folder.")
    keep_jobs_days: float = Field(7.0, gt=0, description="Days from the end of a job to its deletion.")
    max_job_bytes: int = Field(256_000_000, ge=1, description="Size of the upload of one job.")
    max_job_rows: int = Field(1_000_000, ge=1, description="Rows of one job.")
    max_jobs_bytes: int = Field(10_000_000_000, ge=1, description="Disk that all jobs together may take.")
    timeout_s: float = Field(60.0, gt=0, description="Seconds from the first byte of a request to its answer.")
    requests_per_minute: int | None = Field(
        None, ge=0, description="Of each key or address; 0 sets no limit. None takes 600, or no limit on loopback."
    )
    has_texts_in_logs: bool = Field(False, description="Write the texts of requests into the log.")

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def jobs_folder(self) -> Path:
        """Where jobs are kept."""
        return (
            self.jobs_dir or Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser() / "tain" / "jobs"
        )

    @property
    def rate(self) -> int:
        """Requests a minute of each key or address; 0 for no limit."""
        if self.requests_per_minute is not None:
            return self.requests_per_minute
        return 0 if self.is_loopback else PUBLIC_RATE

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names that a Host header may give; empty for any."""
        return self.allowed_hosts or (LOOPBACK_NAMES if self.is_loopback else ())


def settings_from(values: dict[str, object]) -> Settings:
    """Settings from names and values.

    Raises:
        ConfigError: If one is unknown or impossible; all problems at once.
    """
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problems = (
            f"{'.'.join(map(str, each['loc']))} is {each['input']!r}: {each['msg']}." for each in error.errors()
        )
        raise ConfigError("\n".join(problems)) from error


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is this machine's own.

    Args:
        host: A name or a number.
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
