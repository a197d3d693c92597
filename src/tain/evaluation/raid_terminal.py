"""RAID's measures as tables on the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from tain.evaluation import wording
from tain.evaluation.raid import RaidCell, RaidMeasures
from tain.evaluation.terminal_table import rate_cells, table


def raid_tables(measures: RaidMeasures) -> RenderableType:
    """What to give to `rich.print`: a table of parts for each false positive rate, then why the leaderboard has none.

    Args:
        measures: Of any labelled rows of RAID.
    """
    tables = [part for target in measures.thresholds for part in (_parts(measures, target), "")]
    return Group(*tables, *(escape(reason) for reason in measures.missed))


def _parts(measures: RaidMeasures, target: float) -> Table:
    headers = ("AI found", "95% interval", "Leaderboard", "AUROC", "Leaderboard's")
    made = table(f"At {wording.target(target)} false positives in each domain", "Part", *headers)
    for cell in measures.cells:
        cells = *rate_cells(cell.tpr[target]), wording.rate_text(cell.leaderboard_tpr[target])
        aurocs = (wording.number_text(found) for found in (cell.auroc, cell.leaderboard_auroc))
        made.add_row(escape(_name(cell)), *cells, *aurocs)
    return made


def _name(cell: RaidCell) -> str:
    parts = {"domain": cell.domain, "attack": cell.attack, "generator": cell.generator}
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value != "all") or "all"
