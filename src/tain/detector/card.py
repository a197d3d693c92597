"""The model card, written from the settings alone, so that it says what was done."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import jinja2

from tain.detector.ngrams import NGRAMS
from tain.detector.settings import Settings
from tain.detector.verdict import CAVEAT
from tain.models.presets import PRESETS

TEMPLATE = "card.md.j2"
_SPDX = {"Apache-2.0": "apache-2.0", "MIT": "mit", "CC-BY-4.0": "cc-by-4.0", "CC-BY-SA-4.0": "cc-by-sa-4.0"}


def render_card(
    settings: Settings, *, classifier: Mapping[str, Any], library: str | None = None, note: str = ""
) -> str:
    """The card as Markdown with the Hub's front matter.

    Args:
        settings: Of the detector.
        classifier: Its `classifier.json`.
        library: What loads the folder, by the Hub's name for it; None finds out.
        note: Said at the top of how a text is read.
    """
    environment = jinja2.Environment(
        autoescape=False, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(percent=_percent, cell=_cell)
    base = str(classifier["base"])
    has_ngrams = NGRAMS in settings.classifier
    # Other libraries would load the network and, without a word, leave the n-grams out.
    library = library or ("peft" if "adapter_config.json" in settings.classifier and not has_ngrams else "tain")
    template = environment.from_string(files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8"))
    return template.render(
        settings=settings,
        about=settings.about,
        calibration=settings.calibration,
        summary=settings.summary,
        pools=sorted(settings.summary.pools, key=lambda pool: pool.fpr, reverse=True),
        front_matter=_front_matter(settings, base, library),
        base=base,
        library=library,
        note=note,
        has_ngrams=has_ngrams,
        method=classifier["method"],
        pooling=classifier["pooling"],
        caveat=CAVEAT,
    )


def _front_matter(settings: Settings, base: str, library: str) -> str:
    about = settings.about
    values: dict[str, Any] = {
        "library_name": library,
        "base_model": PRESETS[base].hub_id if base in PRESETS else base,
        "pipeline_tag": "text-classification",
        "license": _SPDX.get(about.licence, "other"),
        "license_name": None if about.licence in _SPDX else about.licence,
        "language": list(about.languages),
        "datasets": sorted({source.name for source in about.data}),
        "tags": ["ai-generated-text-detection", "tain"],
    }
    return "\n".join(line for name, value in values.items() for line in _yaml(name, value))


def _yaml(name: str, value: str | list[str] | None) -> list[str]:
    if not value:
        return []
    if isinstance(value, str):
        return [f"{name}: {_quoted(value)}"]
    return [f"{name}:", *(f"- {_quoted(item)}" for item in value)]


def _quoted(value: str) -> str:
    # Quoted always: a bare `no` is the language Norwegian to people and false to YAML.
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _percent(share: float, digits: int = 2) -> str:
    return f"{100 * share:.{digits}f}%"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
