"""The folder of spectra: `spectra.parquet`, a row for each matrix, `spectra.json` and two plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from tain.analysis.spectra.spectrum import Spectrum
from tain.core.files import whole_folder, write_json
from tain.core.version import VERSION
from tain.recipes.spectra.plots import save_plots
from tain.recipes.spectra.spectra import MatrixRow, Spectra

PARTS = ("base", "tuned", "difference")


def write_spectra(found: Spectra, folder: Path) -> Path:
    """Write the folder, whole or not at all.

    Args:
        found: What was computed.
        folder: Replaced if it exists.

    Returns:
        The table's file.
    """
    with whole_folder(folder) as part:
        frame(found).write_parquet(part / "spectra.parquet")
        write_json(part / "spectra.json", to_json(found))
        save_plots(found, part)
    return folder / "spectra.parquet"


def frame(found: Spectra) -> pl.DataFrame:
    """A row for each matrix: its measures and, as lists, `base_values`, `tuned_values` and `difference_values`."""
    rows = [_measures(row, found) | _values(row) for row in found.rows]
    return pl.DataFrame(rows, schema_overrides=_types(), infer_schema_length=None)


def to_json(found: Spectra) -> dict[str, Any]:
    """Settings, counts and the measures of each matrix; singular values themselves stand in the table."""
    return {
        "tain_version": VERSION,
        "tuned": found.tuned,
        "base": found.base,
        "settings": found.settings.model_dump(mode="json"),
        "n_changed": len(found.rows),
        "n_unchanged": len(found.unchanged),
        "n_vectors_left_out": found.n_vectors_left_out,
        "others_left_out": list(found.others_left_out),
        "missing": list(found.missing),
        "matrices": [_measures(row, found) for row in found.rows],
    }


def _measures(row: MatrixRow, found: Spectra) -> dict[str, Any]:
    change, settings = row.change, found.settings
    value: dict[str, Any] = {"name": row.name, "role": row.role, "n_out": row.shape[0], "n_in": row.shape[1]}
    for part in PARTS:
        value |= {f"{part}_{key}": number for key, number in _of(getattr(change, part), settings.share).items()}
    return value | {
        "relative_frobenius": change.relative_frobenius,
        "relative_nuclear": change.relative_nuclear,
        "has_factors": row.has_factors,
        "n_intruders": change.n_intruders(settings.epsilon),
        "similarities": change.similarities.tolist(),
    }


def _of(spectrum: Spectrum | None, share: float) -> dict[str, Any]:
    return {
        "effective_rank": spectrum and spectrum.effective_rank(share),
        "stable_rank": spectrum and spectrum.stable_rank,
        "nuclear": spectrum and spectrum.nuclear,
        "frobenius": spectrum and spectrum.frobenius,
        "spectral": spectrum and spectrum.spectral,
    }


def _values(row: MatrixRow) -> dict[str, list[float] | None]:
    spectra = {part: getattr(row.change, part) for part in PARTS}
    return {f"{part}_values": spectrum and spectrum.values.tolist() for part, spectrum in spectra.items()}


def _types() -> dict[str, Any]:
    whole = [f"{part}_effective_rank" for part in PARTS]
    real = [f"{part}_{key}" for part in PARTS for key in ("stable_rank", "nuclear", "frobenius", "spectral")]
    lists = [*(f"{part}_values" for part in PARTS), "similarities"]
    return {
        **{name: pl.String for name in ("name", "role")},
        **{name: pl.Int64 for name in ("n_out", "n_in", *whole, "n_intruders")},
        **{name: pl.Float64 for name in (*real, "relative_frobenius", "relative_nuclear")},
        **{name: pl.List(pl.Float64) for name in lists},
    }
