"""Write docs/settings.md from the settings themselves, so that the page cannot name what the program does not take.

scripts/make_settings_docs.py            write the page
scripts/make_settings_docs.py --check    exit with status 1 if the page is stale
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tain.methods.registry import METHODS
from tain.methods.text_to_lora import HypernetworkSettings
from tain.recipes.configuration import CorpusConfig, RunConfig
from tain.recipes.mine.configuration import MINING, MiningConfig
from tain.recipes.mirror.configuration import MirrorConfig
from tain.recipes.studies.configuration import Contestant, LeaveOneOut, StudyCorpus, StudyTexts
from tain.recipes.studies.forgetting.configuration import Forgetting, Retained
from tain.recipes.studies.scaling.configuration import Scaling, ScalingCorpus, ScalingTexts
from tain.recipes.studies.tuning.configuration import TaskSplits, Tuning, TuningMethod, TuningTask
from tain.recipes.suite.configuration import Suite, SuiteTask, SuiteTexts
from tain.training.config import TrainingConfig
from tain.training.text_to_lora import ReconstructionSettings, SupervisedSettings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
OPENING = """# Settings

Made by `scripts/make_settings_docs.py` from the settings themselves. Do not edit.

`tain train` and `tain mine` take a TOML file with `--config`, then `--set key=value`, such as
`--set training.lr=2e-4`, then flags; the later wins. `tain train --dry-run` prints what comes of them, and a Run keeps
it. A setting that stands in no table here is refused, with the nearest one that exists.

```toml
base = "minilm"

[corpus]
train = ["train.jsonl"]

[method]
kind = "lora"
rank = 12

[training]
lr = 5e-4
```
"""
NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false"}
SIGNS = {Ge: "ge", Gt: "gt", Le: "le", Lt: "lt"}
WORDS = {Ge: "≥", Gt: ">", Le: "≤", Lt: "<"}


def make_page() -> str:
    """The page as it should be now."""
    return "\n".join(
        [OPENING, *run_sections(), *method_sections(), *mining_sections(), *study_sections(), *suite_sections()]
    )


def run_sections() -> Iterator[str]:
    """Of `tain train`, but for the methods."""
    yield section("A Run", "At the top of the file.", RunConfig)
    yield section("`[corpus]`", "Which texts are read, and how they are made alike.", CorpusConfig)
    yield section("`[training]`", "Defaults suit LoRA on a small encoder.", TrainingConfig)


def method_sections() -> Iterator[str]:
    """Of every tuning method."""
    for kind, method in METHODS.items():
        yield section(f'`[method]` with `kind = "{kind}"`', first_line(method.config_type), method.config_type)


def mining_sections() -> Iterator[str]:
    """Of `tain mine`."""
    yield section(f"`[{MINING}]`", "Of `tain mine`, beside the tables of a Run.", MiningConfig)
    yield section(
        f"`[{MINING}.writer]`", "Who writes mirrors that are not there yet, as in `tain mirror`.", MirrorConfig
    )


def study_sections() -> Iterator[str]:
    """Of `tain compare`."""
    link = "Of `tain compare`, at the top of its file; see [Studies](evaluation.md#studies)."
    yield section("A study", link, LeaveOneOut)
    yield section("`[texts]` of a study", first_line(StudyTexts), StudyTexts)
    yield section("`[[corpora]]` of a study", first_line(StudyCorpus), StudyCorpus)
    yield section("`[contestants.NAME]` of a study", first_line(Contestant), Contestant)
    yield section("A study of scaling", 'With `study = "scaling"` at the top of its file.', Scaling)
    yield section("`[texts]` of a study of scaling", first_line(ScalingTexts), ScalingTexts)
    yield section("`[[train]]` and `[[tests]]` of a study of scaling", first_line(ScalingCorpus), ScalingCorpus)
    yield section("A study of tuning", 'With `study = "tuning"` at the top of its file.', Tuning)
    yield section("`[[tasks]]` of a study of tuning", first_line(TuningTask), TuningTask)
    yield section("`splits` of a task", first_line(TaskSplits), TaskSplits)
    yield section("`[[methods]]` of a study of tuning", first_line(TuningMethod), TuningMethod)
    yield section("A study of forgetting", 'With `study = "forgetting"` at the top of its file.', Forgetting)
    yield section("`[[retain]]` of a study of forgetting", first_line(Retained), Retained)


def suite_sections() -> Iterator[str]:
    """Of `tain suite`."""
    link = "Of `tain suite`, at the top of its file; see [Text-to-LoRA](text-to-lora.md)."
    yield section("A suite of tasks", link, Suite)
    yield section("`[texts]` of a suite", first_line(SuiteTexts), SuiteTexts)
    yield section("`[hypernetwork]` of a suite", first_line(HypernetworkSettings), HypernetworkSettings)
    yield section("`[supervised]` and `[oracles]` of a suite", first_line(SupervisedSettings), SupervisedSettings)
    yield section("`[reconstruction]` of a suite", first_line(ReconstructionSettings), ReconstructionSettings)
    yield section("`[[tasks]]` of a suite", first_line(SuiteTask), SuiteTask)


def section(title: str, text: str, model: type[BaseModel]) -> str:
    """A heading and the table of a model."""
    if not model.model_fields:
        return f"## {title}\n\n{text}\n"
    lines = ["| setting | type | default | |", "|---|---|---|---|"]
    lines += [row(name, field) for name, field in model.model_fields.items()]
    return f"## {title}\n\n{text}\n\n" + "\n".join(lines) + "\n"


def first_line(model: type[BaseModel]) -> str:
    """What a model says of itself."""
    return (model.__doc__ or "").splitlines()[0]


def row(name: str, field: FieldInfo) -> str:
    """One setting. Raises if it has no description."""
    if not field.description and not is_table(field.annotation):
        raise SystemExit(f"{name} has no description.")
    kind = kind_of(field.annotation) + bounds(field.metadata)
    described = field.description or "See the table of that name."
    return "| " + " | ".join(escape(each) for each in (f"`{name}`", kind, default(field), described)) + " |"


def escape(text: str) -> str:
    """Text for a cell of a table."""
    return text.replace("|", "\\|")


def is_table(kind: Any) -> bool:  # noqa: ANN401 (any annotation)
    """Whether a setting is a table of settings."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def kind_of(kind: Any) -> str:  # noqa: ANN401 (any annotation)
    """What a setting takes, in words."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin is Annotated:
        return kind_of(inner[0]) + bounds(bounds_within(inner[1:]))
    if origin in (Union, UnionType):
        return " or ".join(kind_of(each) for each in inner if each is not NoneType)
    if origin is tuple:
        return f"list of {plural(kind_of(inner[0]))}"
    if origin is dict or is_table(kind):
        return "table" if origin is None or inner[1] is Any else f"table of {plural(kind_of(inner[1]))}"
    return NAMES[kind]


def plural(words: str) -> str:
    """Of a kind."""
    first, _, rest = words.partition(" (")
    return (first if first.startswith("`") else f"{first}s") + (f" ({rest}" if rest else "")


def bounds_within(notes: tuple[Any, ...]) -> list[Any]:
    """Bounds that a nested field states."""
    return [bound for note in notes for bound in (note.metadata if isinstance(note, FieldInfo) else [note])]


def bounds(notes: list[Any]) -> str:
    """What a value is held to, such as ` (> 0)`."""
    found = [f"{WORDS[type(note)]} {getattr(note, SIGNS[type(note)])}" for note in notes if type(note) in SIGNS]
    found += [f"at least {note.min_length}" for note in notes if isinstance(note, MinLen)]
    return f" ({', '.join(found)})" if found else ""


def default(field: FieldInfo) -> str:
    """What a setting is where it is not given."""
    if field.default is PydanticUndefined:
        return "must be given"
    if field.default is None or isinstance(field.default, BaseModel):
        return "none" if field.default is None else "its own"
    return f"`{toml(field.default)}`"


def toml(value: Any) -> str:  # noqa: ANN401 (any TOML value)
    """A value as TOML writes it."""
    if isinstance(value, dict):
        pairs = [f"{name} = {toml(each)}" for name, each in value.items()]
        return "{ " + ", ".join(pairs) + " }" if pairs else "{}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Write or check the page."""
    page = make_page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page:
        raise SystemExit(f"{PAGE} is stale. Run: make docs")


if __name__ == "__main__":
    main()
