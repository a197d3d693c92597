"""The Run folder: all that made a model, and where a training goes on from."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tain.core.errors import ConfigError
from tain.core.files import read_json, sweep, write_json

PACKAGES = ("tain", "torch", "transformers", "peft", "accelerate", "tokenizers", "numpy", "safetensors")


@dataclass(frozen=True)
class RunFolder:
    """Paths inside a Run.

    `config.json` and `environment.json` say how it was made, `data.json` from what, `history.jsonl` how it went;
    `checkpoints/` is where it can go on; `model/` is the result; `manifest.json` comes last and means complete.
    """

    path: Path
    resolve: Callable[[dict[str, Any]], dict[str, Any]] = dict
    """Fills in what settings of an older tain lack, before they are compared."""

    @property
    def checkpoints(self) -> Path:
        """Where the checkpoints lie."""
        return self.path / "checkpoints"

    @property
    def history(self) -> Path:
        """One JSON object per logged step."""
        return self.path / "history.jsonl"

    @property
    def model(self) -> Path:
        """The finished Classifier or Detector."""
        return self.path / "model"

    @property
    def is_complete(self) -> bool:
        """Whether the training has ended and everything is written."""
        return (self.path / "manifest.json").is_file()

    @property
    def threads(self) -> int:
        """The threads it began with. Another number rounds sums otherwise, so a resumed Run keeps to it."""
        return int(read_json(self.path / "environment.json")["threads"])

    def require_free(self, config: Mapping[str, Any], *, is_resumed: bool, force: bool) -> None:
        """Return only if a Run with these settings can start or go on here. Nothing is changed.

        Args:
            config: Every setting, resolved.
            is_resumed: Go on with what is there.
            force: What is there may be deleted.

        Raises:
            ConfigError: If something is there without `is_resumed` or `force`, is no Run, or was made with other
                settings.
        """
        if self.path.exists() and not self.path.is_dir():
            raise ConfigError(f"{self.path} is a file; expected a folder for the Run. Choose another --output.")
        if not self.path.exists() or not any(self.path.iterdir()):
            return
        if is_resumed and self._has_config:
            self._require_same(_plain(config))
        elif is_resumed and not (force or self._is_barely_begun):
            raise ConfigError(
                f"{self.path} holds no Run that could be resumed: config.json is missing. Pass --force to replace what "
                "is there, or choose another --output."
            )
        elif not (is_resumed or force):
            raise ConfigError(
                f"{self.path} exists already. Pass --resume to go on with it, --force to replace it, "
                "or choose another --output."
            )

    @contextmanager
    def opened(self, config: Mapping[str, Any], *, threads: int, is_resumed: bool, force: bool) -> Iterator[None]:
        """A started or resumed Run; a start that fails before the first checkpoint leaves no folder.

        Args:
            config: Every setting, resolved.
            threads: Threads to compute with, if it is a new Run.
            is_resumed: Go on with what is there.
            force: Delete what is there.

        Raises:
            ConfigError: As `require_free`.
        """
        is_new = not (is_resumed and self._has_config)
        self.open(config, threads=threads, is_resumed=is_resumed, force=force)
        try:
            yield
        except Exception:
            if is_new and not self.checkpoints.exists():
                shutil.rmtree(self.path)
            raise

    def open(self, config: Mapping[str, Any], *, threads: int, is_resumed: bool, force: bool) -> None:
        """Start a Run, or check that the one to resume is the same; arguments and errors as in `opened`."""
        self.require_free(config, is_resumed=is_resumed, force=force)
        if is_resumed and self._has_config:
            sweep(self.path)
            sweep(self.checkpoints)
            return
        if self.path.exists():
            shutil.rmtree(self.path)
        write_json(self.path / "environment.json", environment() | {"threads": threads})
        write_json(self.path / "config.json", _plain(config))

    @property
    def _has_config(self) -> bool:
        return (self.path / "config.json").is_file()

    @property
    def _is_barely_begun(self) -> bool:
        # Killed between the first two files: nothing but ours can be lost.
        names = [file.name for file in self.path.iterdir()]
        return all(name == "environment.json" or (name[0] == "." and ".part" in name) for name in names)

    def _require_same(self, config: dict[str, Any]) -> None:
        kept = self.resolve(read_json(self.path / "config.json"))
        changed = [key for key in sorted(kept.keys() | config.keys()) if kept.get(key) != config.get(key)]
        if changed:
            key = changed[0]
            raise ConfigError(
                f"{self.path} was made with other settings: {', '.join(changed)} "
                f"({key} was {kept.get(key)!r}, is {config.get(key)!r}). Resume with the same, or use another --output."
            )

    def log(self, entry: Mapping[str, Any]) -> None:
        """Append to the history."""
        with self.history.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def rewind(self, step: int) -> None:
        """Drop history after a step, so that a resumed Run reads as if it had never stopped."""
        if not self.history.is_file():
            return
        lines = self.history.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= step]
        part = self.history.with_suffix(".part")
        part.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        os.replace(part, self.history)

    def entries(self) -> list[dict[str, Any]]:
        """The history, oldest first."""
        if not self.history.is_file():
            return []
        return [json.loads(line) for line in self.history.read_text(encoding="utf-8").splitlines()]


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(config, default=str))
    return plain


def environment() -> dict[str, Any]:
    """The machine and the packages a Run was made with. No variables: they may hold keys."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": platform.machine(),
        "n_cores": os.cpu_count(),
        "packages": {name: version(name) for name in PACKAGES},
    }
