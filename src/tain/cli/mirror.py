"""`tain mirror`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tain.cli import INTERRUPTED, PARTIAL

if TYPE_CHECKING:
    from tain.recipes.mirror import MirrorEstimate, MirrorResult


class Source(StrEnum):
    """Where mirrors come from."""

    openai = "openai"
    local = "local"
    recorded = "recorded"


class Proof(StrEnum):
    """What is proven of mirrors in the end."""

    full = "full"
    surface = "surface"
    none = "none"


def mirror(
    humans: Annotated[list[str], typer.Argument(metavar="HUMAN...", help="Files, folders or Hub ids of human texts.")],
    output: Annotated[Path, typer.Option(help="Mirrors go here: .jsonl or .parquet.", dir_okay=False)],
    generator: Annotated[
        Source, typer.Option(help="An OpenAI-compatible endpoint, a model on this machine, or a file of mirrors.")
    ] = Source.openai,
    model: Annotated[list[str] | None, typer.Option(help="NAME, or NAME=SHARE for each of several.")] = None,
    base_url: Annotated[
        str | None, typer.Option(help="Of the endpoint, such as http://127.0.0.1:8000/v1; else OPENAI_BASE_URL.")
    ] = None,
    recorded: Annotated[
        Path | None, typer.Option(help="Rows with parent, text, and opening or parent_sha256.", dir_okay=False)
    ] = None,
    variants: Annotated[
        str | None, typer.Option(help="Ways of asking, with commas between; none takes all of them.")
    ] = None,
    templates: Annotated[Path | None, typer.Option(help="Folder with prompt templates of your own.")] = None,
    store: Annotated[
        Path | None, typer.Option(help="Keeps requests and answers; none puts it beside the output.", dir_okay=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print count, tokens and cost; ask nothing.")] = False,
    max_cost: Annotated[float | None, typer.Option(help="USD that the whole store may cost.", min=0)] = None,
    price_in: Annotated[
        list[str] | None, typer.Option(help="USD per million tokens read, or MODEL=USD for one of several.")
    ] = None,
    price_out: Annotated[
        list[str] | None, typer.Option(help="USD per million tokens written, or MODEL=USD for one of several.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="None leaves it to the model.", min=0)] = None,
    top_p: Annotated[float | None, typer.Option(help="None leaves it to the model.", min=0, max=1)] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Of an answer; none takes it from the text. Reasoning models need more.", min=1)
    ] = None,
    max_words: Annotated[int | None, typer.Option(help="Of longer texts, mirror only the beginning.", min=20)] = None,
    attempts: Annotated[int, typer.Option(help="Mirrors of one text that may be turned down.", min=1)] = 3,
    concurrency: Annotated[int, typer.Option(help="Requests at a time.", min=1)] = 16,
    timeout: Annotated[float, typer.Option(help="Seconds for one answer.", min=1)] = 180.0,
    device: Annotated[str, typer.Option(help="Where a local model runs, such as cpu or cuda.")] = "cpu",
    proof: Annotated[
        Proof, typer.Option(help="Prove that mirrors match, beside the output; surface leaves out the topic.")
    ] = Proof.full,
    text_column: Annotated[str | None, typer.Option(help="Column of the text.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column of the id.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Column of what must not part in a split.")] = None,
    domain_column: Annotated[str | None, typer.Option(help="Column of the kind of text.")] = None,
    set_aside: Annotated[
        Path | None, typer.Option(help="Put rows that cannot be used into this JSONL file and go on.", dir_okay=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of every choice.", min=0)] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace an output that another store has written.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Write a summary as one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Write AI texts like human ones in topic, length and form.

    Each answer is kept in the store: the same command again asks only for what is missing. The key of an endpoint is
    read from OPENAI_API_KEY. OUTPUT.proof.json says how well mirrors match in length, topic and form, and how far
    trivial features tell them apart, with a warning where they do. Exits with 3 where texts are left without an
    answer, and with 130 after Ctrl-C.
    """
    from tain.core.files import refuse_overwrite
    from tain.corpora.columns import ColumnMap
    from tain.recipes import mirror as recipe

    values = {
        "generator": generator.value,
        "models": tuple(model or ()),
        "base_url": base_url,
        "recorded": str(recorded) if recorded else None,
        "templates": str(templates) if templates else None,
        "temperature": temperature,
        "top_p": top_p,
        "max_tokens": max_tokens,
        "max_words": max_words,
        "attempts": attempts,
        "price_in": tuple(price_in or ()),
        "price_out": tuple(price_out or ()),
        "max_cost": max_cost,
        "concurrency": concurrency,
        "timeout_s": timeout,
        "device": device,
        "proof": proof.value,
        "seed": seed,
    }
    if variants is not None:
        values["variants"] = tuple(name.strip() for name in variants.split(",") if name.strip())
    config = recipe.mirror_config(values)
    if set_aside is not None and not dry_run:
        refuse_overwrite(set_aside, force=force)
    files = recipe.MirrorFiles(
        humans,
        output,
        store,
        ColumnMap(id=id_column, text=text_column, group=group_column, domain=domain_column),
        on_bad="stop" if set_aside is None else "set_aside",
        set_aside=set_aside,
        force=force,
        is_quiet=quiet,
    )
    if dry_run:
        _show_estimate(recipe.estimate_mirrors(files, config), has_prices=bool(price_in or price_out), is_json=is_json)
        return
    result = recipe.mirror(files, config, tell=lambda line: typer.echo(line, err=True))
    _show_result(result, is_json=is_json)
    if result.ending == "stopped":
        raise typer.Exit(INTERRUPTED)
    if result.n_open or (set_aside is not None and set_aside.exists()):
        raise typer.Exit(PARTIAL)


def _show_estimate(found: MirrorEstimate, *, has_prices: bool, is_json: bool) -> None:
    if is_json:
        import json

        typer.echo(json.dumps(found.to_dict(), indent=1, ensure_ascii=False))
        return
    n_left = found.n_parents - found.n_finished
    cost = (
        f"${found.usd:,.2f}, at most ${found.most_usd:,.2f}"
        if has_prices
        else "no prices given (--price-in, --price-out)"
    )
    for name, value in (
        ("texts", f"{found.n_parents:,}, of which {found.n_finished:,} are finished and {n_left:,} to be mirrored"),
        ("requests", f"{found.n_requests:,}, and more where mirrors are turned down"),
        ("tokens", f"about {found.prompt_tokens:,} read and {found.completion_tokens:,} written"),
        ("cost", cost),
        ("models", _counts(found.models)),
        ("variants", _counts(found.variants)),
        ("templates", _counts(found.templates)),
    ):
        typer.echo(f"{name:<10}{value}")


def _show_result(result: MirrorResult, *, is_json: bool) -> None:
    summary = result.summary
    if is_json:
        import json

        typer.echo(json.dumps(result.to_dict(), indent=1, ensure_ascii=False))
        return
    lost = f", and up to ${summary.lost_usd:,.2f} for answers that never came" if summary.lost_usd >= 0.005 else ""
    talk = [
        f"{result.n_parents:,} texts: {summary.states['accepted']:,} mirrors ({_counts(summary.models) or 'none'}), "
        f"{summary.states['rejected']:,} without one in the end, {result.n_open:,} open",
        f"{summary.n_answers:,} answers, {summary.prompt_tokens:,} tokens read and {summary.completion_tokens:,} "
        f"written, ${summary.spent_usd:,.2f}{lost}",
    ]
    if summary.rejections:
        talk.append(f"turned down: {_counts(summary.rejections)}")
    if result.ending == "budget":
        talk.append("The money of --max-cost would not do for another request.")
    elif result.n_open:
        talk.append("The same command again asks for what is open.")
    for line in talk:
        typer.echo(line, err=True)
    _show_proof(result)
    typer.echo(str(result.output))


def _show_proof(result: MirrorResult) -> None:
    if result.proof is None:
        return
    from rich.console import Console

    from tain.recipes.mirror_proof_terminal import render_terminal

    Console(stderr=True).print(render_terminal(result.proof))


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])))
