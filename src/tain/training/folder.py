"""The Run folder: all that made a model, and where a training goes on from."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tain.core.errors import ConfigError
from tain.core.files import read_json, write_json

PACKAGES = ("tain", "torch", "transformers", "peft", "accelerate", "tokenizers", "numpy", "safetensors")


@dataclass(frozen=True)
class RunFolder:
    """Paths inside a Run.

    `config.json` and `environment.json` say how it was made, `data.json` from what, `history.jsonl` how it went;
    `checkpoints/` is where it can go on; `model/` is the result; `manifest.json` comes last and means complete.
    """

    path: Path

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

    def open(self, config: Mapping[str, Any], *, threads: int, is_resumed: bool, force: bool) -> None:
        """Start a Run, or check that the one to resume is the same.

        Args:
            config: Every setting, resolved.
            threads: Threads to compute with, if it is a new Run.
            is_resumed: Go on with what is there.
            force: Delete what is there.

        Raises:
            ConfigError: If something is there without `is_resumed` or `force`, or was made with other settings.
        """
        plain = json.loads(json.dumps(config, default=str))
        if self.path.exists() and any(self.path.iterdir()):
            if is_resumed and (self.path / "config.json").is_file():
                self._require_same(plain)
                return
            if not (force or is_resumed):
                raise ConfigError(
                    f"{self.path} exists already. Pass --resume to go on with it, --force to replace it, "
                    "or choose another --output."
                )
            shutil.rmtree(self.path)
        write_json(self.path / "environment.json", environment() | {"threads": threads})
        write_json(self.path / "config.json", plain)

    def _require_same(self, config: dict[str, Any]) -> None:
        kept = read_json(self.path / "config.json")
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


def environment() -> dict[str, Any]:
    """The machine and the packages a Run was made with. No variables: they may hold keys."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": platform.machine(),
        "n_cores": os.cpu_count(),
        "packages": {name: version(name) for name in PACKAGES},
    }
