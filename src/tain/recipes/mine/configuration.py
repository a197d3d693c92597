"""What mining is told: the settings of a Run, and a table `mining` beside them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tain.core.errors import ConfigError
from tain.corpora.audit.counts import LAST_HUMAN_MONTH
from tain.evaluation.thresholds import DEFAULT_FPR
from tain.mining.control import DEFAULT_SHARES
from tain.mining.decision import ALPHA
from tain.recipes.configuration import RunConfig, read_config
from tain.recipes.toml_file import read_toml

MINING = "mining"
MirrorKind = Literal["nearest", "recorded", "generator", "none"]
Learner = Literal["detector", "ngrams"]


class MiningConfig(BaseModel):
    """Which texts are mined, what stands beside them, and when a round is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pool: tuple[str, ...] = Field((), description="Files, folders or Hub ids of texts by people.")
    pool_text_column: str | None = Field(None, description="Column of the text in the pool.")
    pool_id_column: str | None = Field(None, description="Column of the id in the pool.")
    pool_group_column: str | None = Field(None, description="Column of what must not part, such as a book.")
    pool_domain_column: str | None = Field(None, description="Column of the kind of text in the pool.")
    shares: dict[str, float] = Field(
        dict(DEFAULT_SHARES), description="Share of the pool's groups that is mined, calibrates, decides and measures."
    )
    max_held_per_domain: int = Field(
        5000, ge=1, description="Most texts of each domain that calibrate, decide and measure, each."
    )
    valid_ai: tuple[str, ...] = Field(
        (), description="AI texts that fix the true positive rate; none takes those of the validation texts."
    )
    model: str | None = Field(None, description="Run, classifier or detector to start from; none trains one.")
    learns: Learner = Field(
        "detector", description="What learns in a round: all of it, or its n-grams alone, beside the network it had."
    )
    n_rounds: int = Field(3, ge=0, description="Most rounds of mining.")
    per_round: int = Field(1000, ge=1, description="Most texts mined in a round.")
    cap_per_domain: int | None = Field(None, ge=1, description="Most of one domain in a round.")
    mirrors: MirrorKind = Field("nearest", description="What stands beside each mined text.")
    mirror_files: tuple[str, ...] = Field((), description="AI texts to choose from, or recorded mirrors.")
    min_similarity: float = Field(0.0, ge=-1, le=1, description="A nearest text farther away is no stand-in.")
    writer: dict[str, Any] = Field({}, description="Of the mirrors that are written, as for `tain mirror`.")
    control_arm: Literal["none", "random"] = Field("none", description="Also train on as many random pool texts.")
    target_fpr: float = Field(DEFAULT_FPR, gt=0, lt=1, description="Of the operating point.")
    mine_fpr: float | None = Field(
        None, gt=0, lt=1, description="Texts are mined above the threshold of this rate; none takes target_fpr."
    )
    guard: tuple[str, ...] = Field(
        (),
        description="Human texts of other kinds than the pool's, at most max_held_per_domain of each. None is mined, "
        "and a round after which more of them are flagged, all kinds together, is reverted.",
    )
    alpha: float = Field(ALPHA, gt=0, le=1, description="Largest p-value at which a round is kept.")
    patience: int = Field(1, ge=1, description="Reverted rounds in a row after which it stops.")
    last_human_month: str = Field(LAST_HUMAN_MONTH, description="Later texts are held for review; 9999 holds none.")
    extreme_quantile: float | None = Field(
        0.99, gt=0, lt=1, description="A human text above this quantile of the AI validation scores is held."
    )
    influence_file: str | None = Field(None, description="Columns id and influence, of texts of the pool.")
    influence_limit: float | None = Field(None, description="Texts above this influence are held.")
    max_suspects: int = Field(1000, ge=1, description="Most texts held for review in a round.")
    labelled: tuple[str, ...] = Field((), description="Texts that people have labelled: to_label files filled in.")
    n_ask: int = Field(0, ge=0, description="Texts to export for labelling at the end.")

    @property
    def floor_fpr(self) -> float:
        """The rate above whose threshold texts are mined."""
        return self.target_fpr if self.mine_fpr is None else self.mine_fpr


@dataclass(frozen=True)
class MineSettings:
    """All settings.

    Attributes:
        run: Of every training.
        mining: Of what is between them.
    """

    run: RunConfig
    mining: MiningConfig

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**self.run.model_dump(mode="json"), MINING: self.mining.model_dump(mode="json")}


def read_settings(
    file: Path | None, *, settings: Sequence[str] = (), flags: Mapping[str, Any] | None = None
) -> MineSettings:
    """The resolved settings: defaults, then the file, then `--set`, then flags.

    Args:
        file: TOML of a Run, with a table `mining` or without; None takes defaults.
        settings: `dotted.key=value`, the value in TOML; bare words are strings.
        flags: Dotted keys and values; None means not given.

    Raises:
        ConfigError: If the file cannot be read or anything is unknown or impossible.
    """
    given = dict(_leaves(read_toml(file, where=f"--config {file}"))) if file else {}
    given |= dict(_pair(setting) for setting in settings)
    given |= {key: value for key, value in (flags or {}).items() if value is not None}
    own = {key: value for key, value in given.items() if key.partition(".")[0] == MINING}
    run = read_config(None, flags={key: value for key, value in given.items() if key not in own})
    return MineSettings(run, _mining(own, file))


def _mining(leaves: Mapping[str, Any], file: Path | None) -> MiningConfig:
    values: dict[str, Any] = {}
    for key, value in leaves.items():
        place = values
        *parents, last = key.split(".")[1:]
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    try:
        return MiningConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(problem, file) for problem in error.errors())) from error


def _explain(problem: Any, file: Path | None) -> str:  # noqa: ANN401 (pydantic's own dictionary)
    where, name = (f"{file}: " if file else ""), ".".join((MINING, *map(str, problem["loc"])))
    if problem["type"] != "extra_forbidden":
        return f"{where}{name} is {problem['input']!r}: {problem['msg']}."
    known = list(MiningConfig.model_fields)
    near = get_close_matches(str(problem["loc"][-1]), known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{where}{name} is not a setting. Expected one of {', '.join(known)}.{hint}"


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _pair(setting: str) -> tuple[str, Any]:
    key, found, text = setting.partition("=")
    if not found:
        raise ConfigError(f"--set {setting!r} has no '='. Expected key=value, such as mining.per_round=500.")
    try:
        return key.strip(), tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), text.strip()
