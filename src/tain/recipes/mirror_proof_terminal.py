"""A proof of matching as tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from tain.recipes.mirror_proof import MirrorProof
from tain.recipes.mirror_proof_warnings import interval

N_FEATURES = 5


def render_terminal(proof: MirrorProof) -> RenderableType:
    """What to give to `rich.print`: how mirrors match, what gives them away, and the warnings last.

    Args:
        proof: Of any pairs.
    """
    return Group(_matching(proof), "", _separation(proof), "", *_warnings(proof))


def _matching(proof: MirrorProof) -> Table:
    matching = proof.matching
    table = _table(f"{matching.n_pairs:,} pairs", "Human", "Mirror", "Match")
    lengths = matching.lengths
    spread = f"{lengths.p5:.2f} to {lengths.p95:.2f} in 90%"
    table.add_row("words, mirror over human", "1", f"{lengths.median:.2f}", spread)
    if (topic := matching.topic) is not None:
        nearer = f"{topic.share_nearer:.0%} nearer than another's ({topic.shuffled:.2f})"
        table.add_row("cosine in meaning", "1", f"{topic.paired:.2f}", nearer)
    for each in matching.form:
        table.add_row(each.name, f"{each.human:.2f}", f"{each.mirror:.2f}", f"{each.agreement:.0%} of pairs agree")
    return table


def _separation(proof: MirrorProof) -> RenderableType:
    raw, plain = proof.raw, proof.normalised
    if raw.auroc.value is None:
        return f"What trivial features give away: {escape(raw.auroc.reason or '')}"
    table = _table("AUROC of trivial features (0.50: nothing given away)", "raw", "normalised")
    table.add_row("all together, held out", interval(raw.auroc), interval(plain.auroc))
    table.add_row("length and formatting alone", interval(raw.formatting), interval(plain.formatting))
    names = sorted(plain.per_feature, key=lambda name: -abs(plain.per_feature[name] - 0.5))
    for name in names[:N_FEATURES]:
        table.add_row(f"  {name}", f"{raw.per_feature[name]:.2f}", f"{plain.per_feature[name]:.2f}")
    return table


def _warnings(proof: MirrorProof) -> Iterator[str]:
    if not proof.warnings:
        yield "Nothing was found that tells mirrors from human texts without reading them."
        return
    yield "[bold]Look at[/bold]"
    for warning in proof.warnings:
        yield f" • {escape(warning)}"


def _table(first: str, *others: str) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column(escape(first))
    for name in others:
        table.add_column(name, justify="left" if name == "Match" else "right")
    return table
