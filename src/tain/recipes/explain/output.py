"""The folder of an explanation: `influence.parquet` or `.jsonl`, training texts by rank, and `explain.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from tain.core.files import whole_folder, write_json
from tain.core.version import VERSION
from tain.recipes.explain.explain import Explained

RowFormat = Literal["parquet", "jsonl"]
SIGN = {
    "valid": "above 0: more weight on the text raises the validation loss (it harms); below 0: it helps",
    "text": "below 0: more weight on the text raises the log-odds of what was said (it made the classifier say so); "
    "above 0: it speaks against it",
}


def write_explained(found: Explained, folder: Path, *, rows: RowFormat = "parquet") -> Path:
    """Write the folder, whole or not at all.

    Args:
        found: Influence of every training text.
        folder: Replaced if it exists.
        rows: Format of the table.

    Returns:
        The table's file.
    """
    table = frame(found)
    name = f"influence.{rows}"
    with whole_folder(folder) as part:
        if rows == "parquet":
            table.write_parquet(part / name)
        else:
            table.write_ndjson(part / name)
        write_json(part / "explain.json", to_json(found))
    return folder / name


def frame(found: Explained, *, n: int | None = None) -> pl.DataFrame:
    """A row for each training text, by rank; `rank` is 1 for what is shown first.

    Args:
        found: Influence of every training text.
        n: The first so many; None takes all.
    """
    order = found.order[:n]
    examples = [found.train.examples[place] for place in order]
    return pl.DataFrame(
        {
            "rank": np.arange(1, len(order) + 1),
            "id": [example.id for example in examples],
            "label": [example.label for example in examples],
            "influence": found.influence[order],
            "p_label": found.p_label[order],
            "source": pl.Series([example.source for example in examples], dtype=pl.String),
            "text": [example.text for example in examples],
        }
    )


def to_json(found: Explained) -> dict[str, Any]:
    """What was asked and how it was answered, without the texts."""
    said = found.said
    return {
        "tain_version": VERSION,
        "train_sha256": found.train.sha256,
        "sign": SIGN["text" if said else "valid"],
        "said": None if said is None else {"label": said.label, "log_odds": said.log_odds, "note": said.note},
        **found.facts,
    }
