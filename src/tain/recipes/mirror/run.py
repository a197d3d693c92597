"""`tain mirror`: an AI text beside each human one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tain.core.errors import EndpointError
from tain.core.example import Example
from tain.corpora.columns import ColumnMap
from tain.corpora.reading import OnBad
from tain.mirrors.output import example_of
from tain.mirrors.run_parts import Ending
from tain.mirrors.screen import SeenMirrors
from tain.mirrors.store import MirrorStore
from tain.mirrors.store_rows import StoreSummary
from tain.recipes.mirror.asking import ask
from tain.recipes.mirror.configuration import MirrorConfig
from tain.recipes.mirror.estimate import MirrorEstimate, estimate
from tain.recipes.mirror.generators import build_writers
from tain.recipes.mirror.output import check_output, refuse_foreign, write_output
from tain.recipes.mirror.texts import read_humans, shorten

if TYPE_CHECKING:
    from tain.recipes.mirror_proof import MirrorProof


@dataclass(frozen=True, slots=True)
class MirrorFiles:
    """What is read and written.

    Attributes:
        humans: Files, folders and Hub ids of human texts.
        output: JSONL or Parquet for the mirrors.
        store: Keeps requests and answers; None puts it beside the output.
        columns: Which columns of the human texts hold what.
        on_bad: What to do with rows that cannot be used.
        set_aside: File for these.
        force: Replace an output that something else has written.
        is_quiet: No progress bars.
    """

    humans: Sequence[str]
    output: Path
    store: Path | None = None
    columns: ColumnMap = field(default_factory=ColumnMap)
    on_bad: OnBad = "stop"
    set_aside: Path | None = None
    force: bool = False
    is_quiet: bool = False

    @property
    def store_path(self) -> Path:
        """Where the store lies."""
        return self.store or self.output.with_name(f"{self.output.name}.store.sqlite")


@dataclass(frozen=True, slots=True)
class MirrorResult:
    """What was made.

    Attributes:
        output: File of the accepted mirrors.
        store: Where requests and answers lie.
        ending: `done`, `stopped` by the user, or `budget`.
        n_parents: Human texts.
        summary: Where they stand.
        proof: How well the mirrors match; None where that was not measured now.
    """

    output: Path
    store: Path
    ending: Ending
    n_parents: int
    summary: StoreSummary
    proof: MirrorProof | None = None

    @property
    def n_open(self) -> int:
        """Texts that have neither a mirror nor a final rejection yet."""
        return self.n_parents - self.summary.states["accepted"] - self.summary.states["rejected"]

    def to_dict(self) -> dict[str, object]:
        """The fields by name, ready for JSON."""
        paths = {"output": str(self.output), "store": str(self.store)}
        counts = {"ending": self.ending, "n_parents": self.n_parents, "n_open": self.n_open}
        proof = {"warnings": [] if self.proof is None else list(self.proof.warnings)}
        return {**paths, **counts, **self.summary.to_dict(), **proof}


def mirror(files: MirrorFiles, config: MirrorConfig, *, tell: Callable[[str], None] | None = None) -> MirrorResult:
    """Make a mirror of each human text; only what the store lacks is asked for. Then prove that mirrors match.

    Args:
        files: What to read, and where to write.
        config: Who writes, and how.
        tell: Takes lines for the user; None puts them on stderr.

    Raises:
        ConfigError: If a setting is impossible, or the output exists and is not of this store.
        DataError: If a human text or the store cannot be used.
        EndpointError: If the generator fails for good. What was answered until then is in the store.
    """
    check_output(files.output)
    seen = SeenMirrors()
    writers = build_writers(config, seen=seen)
    refuse_foreign(files.output, files.store_path, force=files.force)
    with MirrorStore(files.store_path) as store:
        n_parents = _want(store, seen, shorten(_humans(files), config.max_words))
        tell = tell or _to_stderr
        try:
            ending = ask(store, writers, config, n_parents=n_parents, tell=tell, is_quiet=files.is_quiet)
        except EndpointError:
            write_output(store, files.output)  # what was accepted until then is worth having
            raise
        write_output(store, files.output)
        proof = _proof(store, files, config) if ending == "done" else None
        return MirrorResult(files.output, files.store_path, ending, n_parents, store.summary(), proof)


def estimate_mirrors(files: MirrorFiles, config: MirrorConfig) -> MirrorEstimate:
    """What `mirror` would ask for, and what that would cost. Nothing is asked and nothing is written.

    Args:
        files: What to read.
        config: Who would write, and how.

    Raises:
        ConfigError: If a setting is impossible.
        DataError: If a human text or the store cannot be used.
    """
    writers = build_writers(config)
    parents = shorten(_humans(files), config.max_words)
    if not files.store_path.exists():
        return estimate(parents, writers.planner, writers.prices, store=None, attempts=config.attempts)
    with MirrorStore(files.store_path, is_read_only=True) as store:
        return estimate(parents, writers.planner, writers.prices, store=store, attempts=config.attempts)


def write_mirrors(
    parents: Iterable[Example],
    store: Path,
    config: MirrorConfig,
    *,
    tell: Callable[[str], None] | None = None,
    is_quiet: bool = False,
) -> list[Example]:
    """The mirrors of these texts as examples, each in its parent's group; texts whose mirror was rejected have none.

    Args:
        parents: Human texts with different ids.
        store: Keeps requests and answers; a second call asks only for what is missing.
        config: Who writes, and how.
        tell: Takes lines for the user; None puts them on stderr.
        is_quiet: No progress bar.

    Raises:
        ConfigError: If a setting is impossible.
        DataError: If the store cannot be used.
        EndpointError: If the generator fails for good, or the budget is used up. All answers are in the store.
        KeyboardInterrupt: If the user ended it; what was paid for was waited for, and is in the store.
    """
    seen = SeenMirrors()
    writers = build_writers(config, seen=seen)
    with MirrorStore(store) as opened:
        n_parents = _want(opened, seen, shorten(parents, config.max_words))
        ending = ask(opened, writers, config, n_parents=n_parents, tell=tell or _to_stderr, is_quiet=is_quiet)
        if ending == "stopped":
            raise KeyboardInterrupt
        if ending == "budget":
            raise EndpointError(f"max_cost is used up ({config.max_cost} USD in {store}). Raise it and go on.")
        return [example_of(mirror) for mirror in opened.accepted()]


def _humans(files: MirrorFiles) -> Iterator[Example]:
    return read_humans(
        files.humans,
        columns=files.columns,
        on_bad=files.on_bad,
        set_aside=files.set_aside,
        is_quiet=files.is_quiet,
    )


def _proof(store: MirrorStore, files: MirrorFiles, config: MirrorConfig) -> MirrorProof | None:
    from tain.recipes.mirror.proof import prove_output  # scikit-learn, for runs that get that far

    return prove_output(store, files.output, config, is_quiet=files.is_quiet)


def _want(store: MirrorStore, seen: SeenMirrors, parents: Iterable[Example]) -> int:
    n_parents = store.want(parents)
    for mirror in store.accepted():
        seen.add(mirror.parent.id, mirror.text)
    return n_parents


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201
