"""The ledger of a bundle: which detector was measured on it, when, and how often.

A test set is worth what it has not been used for. It is opened once for each reported detector; a second time is not
forbidden, but counted and shown, because whoever looks twice may have chosen by the first look.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tain.core.errors import DataError
from tain.core.files import read_json, write_json
from tain.evaluation.bundle import Bundle

LEDGER = "opened.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One time that a bundle was opened.

    Attributes:
        detector_sha256: Of all that decides the detector's answers.
        run_name: What the run or detector is called.
        date: ISO 8601, UTC.
        commit: Of the code, where it is known.
    """

    detector_sha256: str
    run_name: str
    date: str
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """What the ledger says after a bundle was opened.

    Attributes:
        entry: The newest.
        n_times: How often this detector has opened it, this time included.
        n_openings: How often any has.
        n_detectors: How many different ones have.
        bundle: Name of the bundle.
        bundle_sha256: Its seal.
    """

    entry: Entry
    n_times: int
    n_openings: int
    n_detectors: int
    bundle: str
    bundle_sha256: str

    @property
    def sentence(self) -> str:
        """The count in words, for the Report."""
        return f"opened {_times(self.n_times)} by this detector, {_times(self.n_openings)} in all"

    @property
    def warning(self) -> str | None:
        """What to tell when it is not the first time; None when it is."""
        if self.n_times == 1:
            return None
        return (
            f"{self.bundle} was opened {self.n_times:,} times by this detector. Report the first result, or say in the "
            "report what was changed in between and why."
        )

    @property
    def provenance(self) -> Mapping[str, str]:
        """Lines for the provenance of a Report."""
        commit = {"commit": self.entry.commit} if self.entry.commit else {}
        return {"bundle": self.bundle, "bundle sha256": self.bundle_sha256, "bundle opened": self.sentence, **commit}


def open_bundle(
    bundle: Bundle, *, detector_sha256: str, run_name: str, commit: str | None = None, date: str | None = None
) -> Opening:
    """Enter a detector into a bundle's ledger before it sees the texts.

    Args:
        bundle: From `load_bundle`.
        detector_sha256: Of all that decides the detector's answers, such as `detector.model.sha256`.
        run_name: What the run or detector is called.
        commit: Of the code, where it is known.
        date: ISO 8601; None takes now.

    Raises:
        DataError: If the ledger is damaged or belongs to another bundle, or cannot be written.
    """
    entry = Entry(detector_sha256, run_name, date or datetime.now(UTC).isoformat(timespec="seconds"), commit)
    try:
        with _locked(bundle.path):
            entries = [*read_ledger(bundle), entry]
            value = {"bundle_sha256": bundle.sha256, "entries": [asdict(each) for each in entries]}
            write_json(bundle.path / LEDGER, value)
    except OSError as error:
        raise DataError(
            f"{bundle.path / LEDGER}: cannot be written ({error.strerror or error}), and no bundle is opened without a "
            "line in its ledger. Copy the bundle to a place where you may write."
        ) from error
    return Opening(
        entry,
        n_times=sum(each.detector_sha256 == detector_sha256 for each in entries),
        n_openings=len(entries),
        n_detectors=len({each.detector_sha256 for each in entries}),
        bundle=bundle.protocol.name,
        bundle_sha256=bundle.sha256,
    )


def read_ledger(bundle: Bundle) -> tuple[Entry, ...]:
    """Every time that a bundle was opened, oldest first.

    Args:
        bundle: From `load_bundle`.

    Raises:
        DataError: If the ledger is damaged or belongs to another bundle.
    """
    file = bundle.path / LEDGER
    if not file.exists():
        return ()
    value = read_json(file)
    try:
        owner, entries = value["bundle_sha256"], tuple(Entry(**each) for each in value["entries"])
    except (TypeError, KeyError) as error:
        raise DataError(f"{file}: is no ledger of a bundle ({error}). Restore it; it must not be lost.") from error
    if owner != bundle.sha256:
        raise DataError(f"{file}: belongs to another bundle ({str(owner)[:12]}…, this is {bundle.sha256[:12]}…).")
    return entries


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n:,} times"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Only one process at a time, where the system has locks; two evaluations may end in the same moment."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
