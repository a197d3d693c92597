"""How `tain score` reads and scores texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tain.corpora.columns import ColumnMap
from tain.detector.engines import Precision
from tain.detector.reader import BATCH_TOKENS


@dataclass(frozen=True, slots=True)
class ScoreSettings:
    """How texts are read and scored.

    Attributes:
        columns: Which columns hold id and text; None looks for the usual names.
        target_fpr: Of the operating point; None takes the detector's default.
        prior: Share of AI texts; None takes one half.
        batch_tokens: Padded tokens in one pass of the network.
        has_set_aside: Bad rows are set aside in a file beside each output; otherwise they stop the run.
        set_aside: One file for all of them instead.
        is_resumed: Files whose scores are finished are skipped.
        force: Existing scores are replaced; of a resumed run, those that are not its own.
        cascade: Folder of the first model that settles most texts; None lets the network read all.
        precision: Of the network; bfloat16 is 1.7 times as fast where the processor multiplies it.
        is_quiet: No progress bars.
    """

    columns: ColumnMap = field(default_factory=ColumnMap)
    target_fpr: float | None = None
    prior: float | None = None
    batch_tokens: int = BATCH_TOKENS
    has_set_aside: bool = False
    set_aside: Path | None = None
    is_resumed: bool = False
    force: bool = False
    cascade: Path | None = None
    precision: Precision = "float32"
    is_quiet: bool = False
