"""`tain serve`."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class EngineName(StrEnum):
    """What reads."""

    auto = "auto"
    torch = "torch"


def serve(
    model: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of a detector or classifier; may be repeated. None takes the detector that ships."),
    ] = None,
    adapters: Annotated[
        Path | None,
        typer.Option(help="Folder whose subfolders are models, loaded when a request names one.", file_okay=False),
    ] = None,
    adapter_memory: Annotated[int, typer.Option(help="Bytes of memory for those.", min=1)] = 1_000_000_000,
    host: Annotated[str, typer.Option(help="Address to listen on; any but loopback needs --keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 3000,
    keys: Annotated[Path | None, typer.Option(help="File of API keys, see tain key.", dir_okay=False)] = None,
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="Name by which the server may be asked for; may be repeated.")
    ] = None,
    engine: Annotated[
        EngineName, typer.Option(help="auto reads with numpy where it can; torch suits an accelerator.")
    ] = EngineName.auto,
    batch_tokens: Annotated[int, typer.Option(help="Tokens read in one turn; 16384 suits a GPU.", min=512)] = 4096,
    max_requests: Annotated[int, typer.Option(help="Requests at a time; more get 429.", min=1)] = 512,
    max_texts: Annotated[int, typer.Option(help="Texts in one request.", min=1)] = 32,
    max_body_bytes: Annotated[int, typer.Option(help="Size of one request.", min=1)] = 2_000_000,
    max_file_bytes: Annotated[int, typer.Option(help="Size of one document to check.", min=1)] = 20_000_000,
    jobs_dir: Annotated[
        Path | None,
        typer.Option(help="Folder of jobs. None takes tain/jobs in the user's state folder.", file_okay=False),
    ] = None,
    keep_jobs_days: Annotated[float, typer.Option(help="Days from the end of a job to its deletion.", min=0.01)] = 7.0,
    max_job_bytes: Annotated[int, typer.Option(help="Size of the upload of one job.", min=1)] = 256_000_000,
    max_job_rows: Annotated[int, typer.Option(help="Rows of one job.", min=1)] = 1_000_000,
    max_jobs_bytes: Annotated[int, typer.Option(help="Disk that all jobs may take.", min=1)] = 10_000_000_000,
    timeout: Annotated[float, typer.Option(help="Seconds for one request.", min=0.1)] = 60.0,
    rate: Annotated[
        int | None,
        typer.Option(help="Requests a minute of each key or address; 0 for no limit. None: 600, or none on loopback."),
    ] = None,
    log_texts: Annotated[bool, typer.Option("--log-texts", help="Write the texts of requests into the log.")] = False,
) -> None:
    """Answer requests over HTTP.

    POST /v1/check gives verdicts; /predict and / answer as Hugging Face's servers do, /classify and /v1/classify as
    vLLM does. POST /v1/check/file reads a document; POST /v1/jobs scores a file of texts while nobody waits, and goes
    on with it after a restart; /v1/filter passes on candidates that classifiers let through. GET / is a page for
    people. GET /health, /info, /v1/models and /metrics say how the server does. It listens to this
    machine alone unless --host says otherwise, and then asks for a key. The log goes to stderr, a JSON object a line,
    without texts. Ctrl-C or SIGTERM finishes what was taken.
    """
    run = _server()
    from tain.serving.settings import settings_from

    settings = settings_from(
        {
            "models": tuple(model or ()),
            "adapters": adapters,
            "adapter_memory_bytes": adapter_memory,
            "host": host,
            "port": port,
            "keys": keys,
            "allowed_hosts": tuple(name.lower() for name in allowed_host or ()),
            "engine": engine.value,
            "batch_tokens": batch_tokens,
            "max_requests": max_requests,
            "max_texts": max_texts,
            "max_body_bytes": max_body_bytes,
            "max_file_bytes": max_file_bytes,
            "jobs_dir": jobs_dir,
            "keep_jobs_days": keep_jobs_days,
            "max_job_bytes": max_job_bytes,
            "max_job_rows": max_job_rows,
            "max_jobs_bytes": max_jobs_bytes,
            "timeout_s": timeout,
            "requests_per_minute": rate,
            "has_texts_in_logs": log_texts,
        }
    )
    run(settings, on_ready=_tell)


def _server() -> Callable[..., None]:
    from importlib.util import find_spec

    from tain.core.errors import MissingExtraError

    if any(find_spec(name) is None for name in ("fastapi", "uvicorn", "prometheus_client", "python_multipart")):
        raise MissingExtraError("tain serve", "serve")
    from tain.serving.server import serve as run

    return run


def _tell(address: str, models: list[str]) -> None:
    typer.echo(f"Serving {', '.join(models)} on {address}; Ctrl-C stops.", err=True)
