"""`tain label`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tain.cli import INTERRUPTED, PARTIAL

if TYPE_CHECKING:
    from tain.recipes.label import LabelEstimate, LabelResult


def label(
    texts: Annotated[list[str], typer.Argument(metavar="TEXTS...", help="Files, folders or Hub ids of texts.")],
    labels: Annotated[str, typer.Option(help="The words to choose from, such as positive,negative.")],
    prompt: Annotated[
        str, typer.Option(help="The question, or a file with it. {text} and {labels} say where these belong.")
    ],
    model: Annotated[str, typer.Option(help="Name of the model at the endpoint.")],
    output: Annotated[Path, typer.Option(help="Labelled texts go here: .jsonl or .parquet.", dir_okay=False)],
    base_url: Annotated[
        str | None, typer.Option(help="Of the endpoint, such as http://127.0.0.1:8000/v1; else OPENAI_BASE_URL.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="Keeps requests and answers; none puts it beside the output.", dir_okay=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print count, tokens and cost; ask nothing.")] = False,
    max_cost: Annotated[float | None, typer.Option(help="USD that the whole store may cost.", min=0)] = None,
    price_in: Annotated[str | None, typer.Option(help="USD per million tokens read.")] = None,
    price_out: Annotated[str | None, typer.Option(help="USD per million tokens written.")] = None,
    temperature: Annotated[float, typer.Option(help="0 always takes the likeliest answer.", min=0)] = 0.0,
    max_tokens: Annotated[int, typer.Option(help="Of an answer. Reasoning models need more.", min=1)] = 16,
    max_words: Annotated[
        int | None, typer.Option(help="Of longer texts, label and write only the beginning.", min=20)
    ] = None,
    attempts: Annotated[int, typer.Option(help="Times a text is asked about while no label comes.", min=1)] = 1,
    concurrency: Annotated[int, typer.Option(help="Requests at a time.", min=1)] = 16,
    timeout: Annotated[float, typer.Option(help="Seconds for one answer.", min=1)] = 180.0,
    text_column: Annotated[str | None, typer.Option(help="Column of the text.")] = None,
    id_column: Annotated[str | None, typer.Option(help="Column of the id.")] = None,
    group_column: Annotated[str | None, typer.Option(help="Column of what must not part in a split.")] = None,
    domain_column: Annotated[str | None, typer.Option(help="Column of the kind of text.")] = None,
    set_aside: Annotated[
        Path | None, typer.Option(help="Put rows that cannot be used into this JSONL file and go on.", dir_okay=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an output that another store has written.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Write a summary as one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bars.")] = False,
) -> None:
    """Label texts by asking a large language model.

    The output is what tain train reads, with or without texts whose labels are known. An answer counts where it is the
    name of a label, case and marks around it aside; every other one is dropped, and OUTPUT.summary.json says how many
    and why. Each answer is kept in the store: the same command again asks only what is missing. The key is read from
    OPENAI_API_KEY. Exits with 3 where texts are left without an answer, and with 130 after Ctrl-C.
    """
    from tain.core.files import refuse_overwrite
    from tain.corpora.columns import ColumnMap
    from tain.recipes import label as recipe

    config = recipe.label_config(
        {
            "labels": tuple(name.strip() for name in labels.split(",") if name.strip()),
            "prompt": prompt,
            "model": model,
            "base_url": base_url,
            "temperature": temperature,
            "max_tokens": max_tokens,
            "max_words": max_words,
            "attempts": attempts,
            "price_in": (price_in,) if price_in else (),
            "price_out": (price_out,) if price_out else (),
            "max_cost": max_cost,
            "concurrency": concurrency,
            "timeout_s": timeout,
        }
    )
    if set_aside is not None and not dry_run:
        refuse_overwrite(set_aside, force=force)
    files = recipe.LabelFiles(
        texts,
        output,
        store,
        ColumnMap(id=id_column, text=text_column, group=group_column, domain=domain_column),
        on_bad="stop" if set_aside is None else "set_aside",
        set_aside=set_aside,
        force=force,
        is_quiet=quiet,
    )
    if dry_run:
        _show_estimate(recipe.estimate_labels(files, config), has_prices=bool(price_in or price_out), is_json=is_json)
        return
    result = recipe.label(files, config, tell=lambda line: typer.echo(line, err=True))
    _show_result(result, is_json=is_json)
    if result.ending == "stopped":
        raise typer.Exit(INTERRUPTED)
    if result.n_open or (set_aside is not None and set_aside.exists()):
        raise typer.Exit(PARTIAL)


def _show_estimate(found: LabelEstimate, *, has_prices: bool, is_json: bool) -> None:
    if is_json:
        import json

        typer.echo(json.dumps(found.to_dict(), indent=1))
        return
    n_left = found.n_texts - found.n_finished
    cost = f"at most ${found.most_usd:,.2f}" if has_prices else "no prices given (--price-in, --price-out)"
    for name, value in (
        ("texts", f"{found.n_texts:,}, of which {found.n_finished:,} are finished and {n_left:,} to be labelled"),
        ("tokens", f"about {found.prompt_tokens:,} read and at most {found.completion_tokens:,} written"),
        ("cost", cost),
    ):
        typer.echo(f"{name:<8}{value}")


def _show_result(result: LabelResult, *, is_json: bool) -> None:
    if is_json:
        import json

        typer.echo(json.dumps(result.to_dict(), indent=1, ensure_ascii=False))
        return
    summary = result.summary
    lost = f", and up to ${summary.lost_usd:,.2f} for answers that never came" if summary.lost_usd >= 0.005 else ""
    talk = [
        f"{result.n_texts:,} texts: {result.labels.total():,} labelled ({_counts(result.labels) or 'none'}), "
        f"{result.dropped.total():,} dropped ({_counts(result.dropped) or 'none'}), {result.n_open:,} open",
        f"{summary.n_answers:,} answers, {summary.prompt_tokens:,} tokens read and {summary.completion_tokens:,} "
        f"written, ${summary.spent_usd:,.2f}{lost}",
    ]
    if result.ending == "budget":
        talk.append("The money of --max-cost would not do for another request.")
    elif result.n_open:
        talk.append("The same command again asks what is open.")
    for line in talk:
        typer.echo(line, err=True)
    typer.echo(str(result.output))


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])))
