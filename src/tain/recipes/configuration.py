"""What a Run is made from: one TOML file, then `--set key=value`, then flags."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tain.core.errors import ConfigError
from tain.recipes.toml_file import read_toml
from tain.training.config import TrainingConfig


class CorpusConfig(BaseModel):
    """Which texts are read, and how they are made alike."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: tuple[str, ...] = Field((), description="Files, folders or Hub ids to learn from.")
    unlabelled: tuple[str, ...] = Field(
        (),
        description="Files, folders or Hub ids of texts without labels: of them the network learns what corpus.teacher "
        "says alone. Those that repeat a validation text or share its group are left out.",
    )
    valid: tuple[str, ...] = Field(
        (), description="Texts to choose the best weights by; none splits the training texts."
    )
    valid_share: float = Field(0.1, gt=0, lt=1, description="Share of groups kept for validation.")
    text_column: str | None = Field(None, description="Column of the text.")
    label_column: str | None = Field(None, description="Column of the label.")
    id_column: str | None = Field(None, description="Column of the id.")
    group_column: str | None = Field(None, description="Column of what must not part in a split.")
    domain_column: str | None = Field(None, description="Column of the kind of text.")
    label_map: tuple[str, ...] = Field(
        (), description="raw=label pairs; labels other than human and ai make a label set of their own."
    )
    normaliser: int = Field(1, description="Version of the text normaliser.")
    min_words: int = Field(50, ge=1, description="Shorter texts are left out, and counted.")
    near_duplicates: bool = Field(
        True, description="Leave out, and count, training texts that nearly repeat a validation text."
    )
    max_per_domain: int | None = Field(
        None, ge=1, description="Most training texts of each domain and label; a text and its mirrors stay together."
    )
    cut_low: int = Field(
        50,
        ge=1,
        description="Texts are cut to a random length from this many words ... The same draw for every class matches "
        "their lengths; there is no other matching.",
    )
    cut_high: int = Field(200, ge=1, description="... to this many, mostly at the end of a sentence; see cut_low.")
    n_views: int = Field(2, ge=1, description="Different cuts of each text, taken in turn from epoch to epoch.")
    teacher: str | None = Field(
        None,
        description="What the network learns from besides labels, see training.distil_weight: a trained Run, whose "
        "logits are computed once and kept with the tokens, or a classical model, such as tfidf-logistic, whose scores "
        "come from folds that lack a text's group.",
    )
    ngram_share: float = Field(
        0.0,
        ge=0,
        description="Above 0 a linear model of n-grams is fitted to the same texts, and a detector adds its logit, so "
        "many times, to the network's. Training texts are held in memory for it.",
    )
    ngram_train: tuple[str, ...] = Field(
        (),
        description="Further labelled texts, such as mirrors, of which the n-grams learn as from the others and the "
        "network nothing: minutes where a training takes hours.",
    )
    on_bad: Literal["stop", "set_aside"] = Field(
        "stop",
        description="What to do with rows that cannot be used, those of a pool and of other files of a mining too; "
        "they are set aside in the Run folder, or in texts/ of the mining.",
    )


class RunConfig(BaseModel):
    """All settings of a Run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field("run", description="For people.")
    base: str = Field("minilm", description="Preset, folder or Hub id of the backbone.")
    pooling: Literal["native", "mean", "first", "last"] = Field(
        "native", description="From token states to one vector."
    )
    seed: int = Field(0, ge=0, description="Seed of everything drawn.")
    corpus: CorpusConfig = CorpusConfig()
    method: dict[str, Any] = Field({"kind": "lora"}, description="Method and its settings.")
    training: TrainingConfig = TrainingConfig()


def read_config(
    file: Path | None, *, settings: Sequence[str] = (), flags: Mapping[str, Any] | None = None
) -> RunConfig:
    """The resolved settings: defaults, then the file, then `--set`, then flags.

    Args:
        file: TOML; None takes defaults.
        settings: `dotted.key=value`, the value in TOML; bare words are strings.
        flags: Dotted keys and values; None means not given.

    Raises:
        ConfigError: If the file cannot be read or anything is unknown or impossible; all problems at once.
    """
    values = read_toml(file, where=f"--config {file}") if file else {}
    for setting in settings:
        key, found, value = setting.partition("=")
        if not found:
            raise ConfigError(f"--set {setting!r} has no '='. Expected key=value, such as training.lr=2e-4.")
        _put(values, key.strip(), _toml_value(value.strip()))
    for key, value in (flags or {}).items():
        if value is not None:
            _put(values, key, value)
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(problem, file) for problem in error.errors())) from error


def _toml_value(text: str) -> Any:  # noqa: ANN401 (any TOML value)
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(values: dict[str, Any], key: str, value: Any) -> None:  # noqa: ANN401 (any TOML value)
    *parents, last = key.split(".")
    place = values
    for parent in parents:
        place = place.setdefault(parent, {})
        if not isinstance(place, dict):
            raise ConfigError(f"{key}: {parent} is a value, not a table.")
    place[last] = value


def _explain(problem: Any, file: Path | None) -> str:  # noqa: ANN401 (pydantic's own dictionary)
    where = f"{file}: " if file else ""
    name = ".".join(map(str, problem["loc"]))
    if problem["type"] != "extra_forbidden":
        return f"{where}{name} is {problem['input']!r}: {problem['msg']}."
    known = _known_at(problem["loc"][:-1])
    near = get_close_matches(str(problem["loc"][-1]), known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{where}{name} is not a setting. Expected one of {', '.join(known)}.{hint}"


def _known_at(path: tuple[int | str, ...]) -> list[str]:
    sections: dict[str, type[BaseModel]] = {"corpus": CorpusConfig, "training": TrainingConfig}
    return list((sections[str(path[0])] if path else RunConfig).model_fields)
