"""An audit as tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from tain.corpora.audit import AuditReport, Overlap, SplitAudit
from tain.recipes.audit_page import feature_rows

N_FEATURES = 6
N_DOMAINS = 10
N_LANGUAGES = 4
_WORDY = ("Languages", "Chat residue", "Second")


def render_terminal(report: AuditReport) -> RenderableType:
    """What to give to `rich.print`: a table per split, what splits share, and the warnings last, where the eye is.

    Args:
        report: Of any corpus.
    """
    parts: list[RenderableType] = []
    for split in report.splits:
        parts += [_headline(split), _labels(split), "", *_domains(split), *_features(split), ""]
    if report.overlaps:
        parts += ["[bold]Overlap[/bold]", _overlaps(report.overlaps), ""]
    return Group(*parts, *_warnings(report))


def _headline(split: SplitAudit) -> str:
    return (
        f"[bold]{escape(split.name)}[/bold]: {split.n:,} texts in {split.n_groups:,} groups; "
        f"{split.n_exact:,} exact and {split.n_near:,} near repeats"
    )


def _labels(split: SplitAudit) -> Table:
    table = _table("Label", "Texts", "Words 5%", "50%", "95%", "Languages", "Chat residue")
    for label, n in split.labels.items():
        words = split.lengths[label]
        languages = split.languages.get(label, {})
        spoken = _shares(languages, sum(languages.values()))
        residue = _shares(split.residue.get(label, {}), n) or "none"
        table.add_row(escape(label), f"{n:,}", f"{words.p5:,}", f"{words.p50:,}", f"{words.p95:,}", spoken, residue)
    return table


def _domains(split: SplitAudit) -> Iterator[RenderableType]:
    if len(split.domains) > 1:
        labels = list(split.labels)
        table = _table("Domain", *labels)
        for name, counts in list(split.domains.items())[:N_DOMAINS]:
            table.add_row(escape(name), *(f"{counts.get(label, 0):,}" for label in labels))
        if len(split.domains) > N_DOMAINS:
            table.add_row(f"and {len(split.domains) - N_DOMAINS} more")
        yield from (table, "")


def _features(split: SplitAudit) -> Iterator[RenderableType]:
    rows = feature_rows(split)
    if not rows:
        yield f"Surface features: {escape(split.leakage.reason or '')}"
        return
    yield f"AUROC of surface features on {split.leakage.n_texts:,} texts (0.50 gives nothing away)"
    table = _table("Feature", "raw", "normalised", "lengths matched")
    for row in rows[: N_FEATURES + 1]:
        table.add_row(row.name, f"{row.raw:.2f}", f"{row.normalised:.2f}", f"{row.matched:.2f}")
    yield table


def _overlaps(overlaps: tuple[Overlap, ...]) -> Table:
    table = _table("First", "Second", "Same text", "Nearly", "Shared groups")
    for each in overlaps:
        counts = (f"{n:,}" for n in (each.n_exact, each.n_near, each.n_groups))
        table.add_row(escape(each.first), escape(each.second), *counts)
    return table


def _warnings(report: AuditReport) -> Iterator[str]:
    if not report.warnings:
        yield "Nothing was found that would mislead a detector."
        return
    yield "[bold]Look at[/bold]"
    for warning in report.warnings:
        yield f" • {escape(warning)}"


def _shares(counts: Mapping[str, int], n: int) -> str:
    shown = [f"{escape(name)} {k / n:.0%}" for name, k in list(counts.items())[:N_LANGUAGES] if k > 0.005 * n]
    return ", ".join(shown)


def _table(first: str, *others: str) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column(escape(first))
    for name in others:
        table.add_column(escape(name), justify="left" if name in _WORDY else "right")
    return table
