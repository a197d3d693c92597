"""The folder of a mining: where everything lies, and whether what is there may go on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tain.core.errors import ConfigError
from tain.core.files import read_json, sweep, write_json

SETTINGS = "mining.json"
HARDEST, RANDOM = "hardest", "random"
# More rounds extend a mining, and whom to ask is decided at the end; all else would change what was done.
MAY_CHANGE = ("n_rounds", "patience", "n_ask", "writer")
# What a mining did that began before there was a setting for it.
NEW_SETTINGS = {"mining.learns": "detector", "mining.guard": []}


@dataclass(frozen=True, slots=True)
class MiningFolder:
    """Paths inside a mining.

    `mining.json` has every setting and the hashes of the data; `texts/` what is trained on and what judges; `round-N/`
    a round, each of its parts whole or absent; `ledger.jsonl` what was decided and why; `detector/` the result.
    """

    path: Path

    @property
    def texts(self) -> Path:
        """The prepared texts."""
        return self.path / "texts"

    @property
    def scores(self) -> Path:
        """Every score ever computed here."""
        return self.path / "scores.sqlite"

    @property
    def embeddings(self) -> Path:
        """Embeddings of AI texts to choose mirrors from."""
        return self.path / "embeddings"

    @property
    def ledger(self) -> Path:
        """What was done and decided."""
        return self.path / "ledger.jsonl"

    @property
    def detector(self) -> Path:
        """The detector that was kept."""
        return self.path / "detector"

    @property
    def to_label(self) -> Path:
        """Texts that people are asked to label."""
        return self.path / "to_label.csv"

    def round(self, number: int, arm: str = HARDEST) -> Path:
        """The folder of a round; that of another arm lies in it."""
        folder = self.path / f"round-{number}"
        return folder if arm == HARDEST else folder / arm

    def review(self, number: int) -> Path:
        """The texts that a round held, for a person to decide on."""
        return self.round(number) / "review.csv"

    def reviews(self) -> list[Path]:
        """The review files that are there, oldest round first."""
        found = self.path.glob("round-*/review.csv")
        return sorted(found, key=lambda path: int(path.parent.name.removeprefix("round-")))

    def require_free(self, settings: Mapping[str, Any], *, is_resumed: bool, force: bool) -> None:
        """Return only if a mining with these settings can start or go on here. Nothing is changed.

        Args:
            settings: As `MineSettings.as_json` gives them.
            is_resumed: Go on with what is there.
            force: A mining that is there may be deleted.

        Raises:
            ConfigError: If something is there that is no such mining.
        """
        if not self.path.exists() or (self.path.is_dir() and not any(self.path.iterdir())):
            return
        is_ours = (self.path / SETTINGS).is_file()
        if is_ours and is_resumed:
            _require_same(self.path, read_json(self.path / SETTINGS)["settings"], settings)
        elif not (is_ours and force):
            advice = "Pass --resume to go on with it, --force to replace it" if is_ours else "It holds no mining"
            raise ConfigError(f"{self.path} exists already. {advice}, or choose another --output.")

    def open(
        self, settings: Mapping[str, Any], sha256: Mapping[str, str], *, threads: int, is_resumed: bool
    ) -> dict[str, Any]:
        """Start, or go on with what `require_free` has let pass.

        Args:
            settings: As in `require_free`.
            sha256: Of every file that is read, by path.
            threads: To compute with, if it starts now.
            is_resumed: Go on with what is there.

        Returns:
            What `mining.json` says: settings, sha256 and the threads it started with.

        Raises:
            ConfigError: If the data is not what it started with.
        """
        file = self.path / SETTINGS
        if is_resumed and file.is_file():
            begun: dict[str, Any] = read_json(file)
            changed = [
                name for name in sorted({*begun["sha256"], *sha256}) if begun["sha256"].get(name) != sha256.get(name)
            ]
            if changed:
                raise ConfigError(
                    f"{self.path} was begun with other data: {', '.join(changed)} changed since. Resume with the files "
                    "as they were, or use another --output."
                )
            self._sweep()
        else:
            if self.path.exists():
                shutil.rmtree(self.path)
            begun = {"sha256": dict(sha256), "threads": threads}
        begun["settings"] = dict(settings)
        write_json(file, begun)
        return begun

    @contextmanager
    def removed_if_it_fails(self) -> Iterator[None]:
        """A start that fails before there are texts leaves no folder behind."""
        try:
            yield
        except Exception:
            if not self.texts.exists():
                shutil.rmtree(self.path)
            raise

    def _sweep(self) -> None:
        for folder in (self.path, self.embeddings, *self.path.glob("round-*"), *self.path.glob(f"round-*/{RANDOM}")):
            if folder.is_dir():
                sweep(folder)


def _require_same(path: Path, kept: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    old, new = dict(_flat(kept)), dict(_flat(asked))
    old = {key: value for key, value in NEW_SETTINGS.items() if key in new} | old
    changed = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
    if changed:
        key = changed[0]
        raise ConfigError(
            f"{path} was begun with other settings: {', '.join(changed)} ({key} was {old.get(key)!r}, is "
            f"{new.get(key)!r}). Resume with the same, or use another --output."
        )


def _flat(settings: Mapping[str, Any]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            pairs += [(f"{key}.{name}", inner) for name, inner in value.items() if name not in MAY_CHANGE]
        else:
            pairs.append((key, value))
    return pairs
