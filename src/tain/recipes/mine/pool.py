"""The pool of human texts, streamed as often as it is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tain.core.example import Example
from tain.corpora.columns import ColumnMap
from tain.corpora.sampling import sample_per_domain
from tain.detector.reader import MAX_CHARS
from tain.mining.control import MINED, PoolSplit
from tain.recipes.mine.configuration import MineSettings
from tain.recipes.reading import read_beside, set_aside_name


class Pool:
    """Texts by people, in parts that never meet."""

    def __init__(self, settings: MineSettings, folder: Path, *, is_quiet: bool = False) -> None:
        """Read nothing yet.

        Args:
            settings: Name files, columns, shares and the seed of the split and of samples.
            folder: Of the prepared texts, for rows that cannot be used, where these are set aside.
            is_quiet: No progress bars.
        """
        config = settings.mining
        self.config, self.corpus, self.seed = config, settings.run.corpus, settings.run.seed
        self.set_aside, self.is_quiet = folder / set_aside_name("pool"), is_quiet
        self.split = PoolSplit(self.seed, config.shares)
        self.columns = ColumnMap(
            id=config.pool_id_column,
            text=config.pool_text_column,
            group=config.pool_group_column,
            domain=config.pool_domain_column,
        )

    def part_of(self, example: Example) -> str:
        """The part that a text belongs to."""
        return self.split.part(example.group or example.id)

    def mined(self) -> Iterator[Example]:
        """The texts that may be mined, in the order of the files."""
        return (example for example in self._examples(Counter()) if self.part_of(example) == MINED)

    def held(self) -> tuple[dict[str, list[Example]], Counter[str]]:
        """The texts of the parts that judge, a sample of each domain, and how many texts each part of the pool has."""
        counts: Counter[str] = Counter()
        chosen = sample_per_domain(self._to_hold(counts), cap=self.config.max_held_per_domain, seed=self.seed)
        parts: dict[str, list[Example]] = {}
        for example in chosen:
            parts.setdefault(str(example.label), []).append(replace(example, label="human"))
        return parts, counts

    def _to_hold(self, counts: Counter[str]) -> Iterator[Example]:
        for example in self._examples(counts):
            part = self.part_of(example)
            counts[f"pool: {part}"] += 1
            if part != MINED:
                yield replace(example, label=part)  # samples are drawn by label, which here is the part

    def _examples(self, counts: Counter[str]) -> Iterator[Example]:
        rows = read_beside(
            self.config.pool,
            self.corpus,
            default_label="human",
            set_aside=self.set_aside,
            columns=self.columns,
            is_quiet=self.is_quiet,
        )
        for example in rows:
            if example.label != "human":
                counts["pool: not labelled human"] += 1
            elif len(example.text) > MAX_CHARS:
                counts["pool: too long"] += 1
            else:
                yield example
