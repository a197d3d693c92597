"""`tain spectra` from names to an answer."""

from __future__ import annotations

from pathlib import Path

from tain.core.files import refuse_overwrite
from tain.recipes.spectra.output import write_spectra
from tain.recipes.spectra.settings import SpectraSettings
from tain.recipes.spectra.sources import load_pair
from tain.recipes.spectra.spectra import Spectra, spectra_of


def run_spectra(
    tuned: str,
    settings: SpectraSettings,
    *,
    base: str | None = None,
    output: Path | None = None,
    force: bool = False,
    is_quiet: bool = False,
) -> Spectra:
    """Compare two networks, and write what was found where a folder is named.

    Args:
        tuned: Run, classifier, detector, peft's adapter folder; with a base also any checkpoint.
        settings: What is read off singular values.
        base: Any of them; None takes what `tuned` was trained from.
        output: Folder to write; None writes nothing.
        force: Replace the output.
        is_quiet: No progress bar.

    Raises:
        ConfigError: If there is nothing to compare, or the output exists.
        DataError: If matrices do not fit each other, or hold numbers that are none.
        DetectorError: If weights cannot be loaded.
        MethodError: If the method changes no weight matrix of its base.
    """
    if output is not None:
        refuse_overwrite(output, force=force)
    found = spectra_of(load_pair(tuned, base), settings, is_quiet=is_quiet)
    if output is not None:
        write_spectra(found, output)
    return found
