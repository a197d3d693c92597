"""`tain review`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tain.recipes.review.apply import Applied


def review(
    sheet: Annotated[Path, typer.Argument(metavar="FILE", help="What tain suspects --output or tain mine wrote.")],
    by: Annotated[str | None, typer.Option(help="Who decides; none takes the name of the user.")] = None,
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.", min=0, max=65535)] = 3001,
    apply: Annotated[
        bool, typer.Option("--apply", help="Read the decisions back into the corpus instead of showing the page.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help=".jsonl or .parquet for the corpus with its labels put right; with --apply.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="With --apply, write one JSON object to stdout.")] = False,
) -> None:
    """Decide on doubted labels, and read the decisions back.

    The page shows each text with what speaks against its label and the texts most like it, to this machine alone: keep
    the label, give another, or drop the text. Each decision is saved in FILE's .decisions.jsonl at once, with who made
    it, when and on which evidence; Ctrl-C ends the page, and the same command goes on. With --apply, OUTPUT gets the
    corpus with its labels put right and OUTPUT.decisions.json says how; a corpus that changed since is refused.
    """
    from tain.core.errors import ConfigError

    if apply != (output is not None):
        raise ConfigError("--apply and --output FILE belong together: where the corpus is written with its new labels.")
    if apply and output is not None:
        from tain.recipes.review.apply import apply_decisions

        _show(apply_decisions(sheet, output, force=force), is_json=is_json)
        return
    _serve(sheet, by or _user(), port)


def _serve(sheet: Path, by: str, port: int) -> None:
    from importlib.util import find_spec

    from tain.core.errors import MissingExtraError
    from tain.recipes.review.alone import alone
    from tain.recipes.review.review import Review

    if any(find_spec(name) is None for name in ("fastapi", "uvicorn", "prometheus_client")):
        raise MissingExtraError("tain review", "serve")
    found = Review(sheet, by=by)
    from tain.serving.review.app import serve_review

    told = f"{len(found.items):,} texts, {found.n_decided:,} decided. Open {{address}}; Ctrl-C ends it."
    with alone(sheet):
        serve_review(found, port=port, on_ready=lambda address: typer.echo(told.format(address=address), err=True))


def _show(found: Applied, *, is_json: bool) -> None:
    if is_json:
        value = {"output": str(found.output), "provenance": str(found.provenance), "counts": dict(found.counts)}
        typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
        return
    counts = ", ".join(f"{n:,} {name}" for name, n in found.counts.items())
    typer.echo(f"{counts}. Who decided what: {found.provenance}", err=True)
    typer.echo(str(found.output))


def _user() -> str:
    import getpass

    return getpass.getuser()
