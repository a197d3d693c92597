"""`tain label`: texts without labels, labelled by a large model behind an endpoint."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tain.core.errors import ConfigError, DataError, EndpointError
from tain.core.example import Example
from tain.core.files import write_json
from tain.corpora.columns import ColumnMap
from tain.corpora.reading import OnBad, read_examples
from tain.mirrors.cost import Prices, estimate_prompt_tokens, parse_prices
from tain.mirrors.labelling import COLUMNS, TEMPLATE, LabelPlanner, labelled_row
from tain.mirrors.request import Generator, Sampling
from tain.mirrors.run_parts import Ending
from tain.mirrors.store import MirrorStore
from tain.mirrors.store_rows import StoreSummary
from tain.recipes.mirror.asking import ask
from tain.recipes.mirror.configuration import MirrorConfig
from tain.recipes.mirror.generators import Writers
from tain.recipes.mirror.output import check_output, refuse_foreign, write_output
from tain.recipes.mirror.texts import shorten


class LabelConfig(BaseModel):
    """Who labels, what is asked, and what it may cost."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    labels: tuple[str, ...] = Field(description="The words to choose from.")
    prompt: str = Field(min_length=1, description="The question, or a file with it.")
    model: str = Field(min_length=1, description="Name of the model at the endpoint.")
    base_url: str | None = Field(None, description="Of the endpoint; none takes OPENAI_BASE_URL, or OpenAI.")
    temperature: float | None = Field(0.0, ge=0, description="None leaves it to the model.")
    max_tokens: int = Field(16, ge=1, description="Of an answer. Reasoning models need more.")
    max_words: int | None = Field(None, ge=20, description="Longer texts are cut, and written as they were read.")
    attempts: int = Field(1, ge=1, description="Answers about one text that may be unreadable.")
    price_in: tuple[str, ...] = Field((), description="USD per million tokens read.")
    price_out: tuple[str, ...] = Field((), description="USD per million tokens written.")
    max_cost: float | None = Field(None, ge=0, description="USD that the whole store may cost.")
    concurrency: int = Field(16, ge=1, description="Requests at a time.")
    timeout_s: float = Field(180.0, gt=0, description="Seconds for one answer.")


def label_config(values: dict[str, object]) -> LabelConfig:
    """Settings from names and values.

    Raises:
        ConfigError: If one is unknown or impossible; all problems at once.
    """
    try:
        return LabelConfig.model_validate(values)
    except ValidationError as error:
        problems = (f"{each['loc'][0]} is {each['input']!r}: {each['msg']}." for each in error.errors())
        raise ConfigError("\n".join(problems)) from error


@dataclass(frozen=True, slots=True)
class LabelFiles:
    """What is read and written.

    Attributes:
        texts: Files, folders and Hub ids; labels in them are not read.
        output: JSONL or Parquet for the labelled texts.
        store: Keeps requests and answers; None puts it beside the output.
        columns: Which columns hold what.
        on_bad: What to do with rows that cannot be used.
        set_aside: File for these.
        force: Replace an output that something else has written.
        is_quiet: No progress bars.
    """

    texts: Sequence[str]
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

    @property
    def summary_path(self) -> Path:
        """Where the summary goes."""
        return self.output.with_name(f"{self.output.name}.summary.json")


@dataclass(frozen=True, slots=True)
class LabelResult:
    """What was labelled.

    Attributes:
        output: File of the labelled texts.
        store: Where requests and answers lie.
        ending: `done`, `stopped` by the user, or `budget`.
        n_texts: All of them.
        labels: Labelled texts, by label.
        prompt_version: Hash of the question and its labels.
        summary: Where the texts stand, and what they cost.
    """

    output: Path
    store: Path
    ending: Ending
    n_texts: int
    labels: Counter[str]
    prompt_version: str
    summary: StoreSummary

    @property
    def dropped(self) -> Counter[str]:
        """Texts without a label in the end, by reason."""
        return self.summary.final_rejections

    @property
    def n_open(self) -> int:
        """Texts without an answer yet."""
        return self.n_texts - self.labels.total() - self.dropped.total()

    def to_dict(self) -> dict[str, object]:
        """The counts and costs by name, ready for JSON."""
        summary = self.summary
        return {
            "output": str(self.output),
            "store": str(self.store),
            "ending": self.ending,
            "n_texts": self.n_texts,
            "n_labelled": self.labels.total(),
            "labels": dict(self.labels),
            "n_dropped": self.dropped.total(),
            "dropped": dict(self.dropped),
            "n_open": self.n_open,
            "models": dict(summary.models),
            "prompt_version": self.prompt_version,
            "n_answers": summary.n_answers,
            "prompt_tokens": summary.prompt_tokens,
            "completion_tokens": summary.completion_tokens,
            "spent_usd": summary.spent_usd,
            "lost_usd": summary.lost_usd,
        }


@dataclass(slots=True)
class LabelEstimate:
    """What is still to be asked. Tokens are estimated, rather too many than too few.

    Attributes:
        n_texts: All of them.
        n_finished: Of these, those with a label, or dropped, in the store.
        prompt_tokens: Read for the others, asked once.
        completion_tokens: Written, if every answer met its limit.
        usd: Their price.
        most_usd: If every attempt were needed.
    """

    n_texts: int = 0
    n_finished: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0
    most_usd: float = 0.0

    def to_dict(self) -> dict[str, object]:
        """The fields by name, ready for JSON."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def label(files: LabelFiles, config: LabelConfig, *, tell: Callable[[str], None] | None = None) -> LabelResult:
    """Label each text; only what the store lacks is asked. Answers that name no label are dropped and counted.

    Args:
        files: What to read, and where to write.
        config: Who labels, and how it is asked.
        tell: Takes lines for the user; None puts them on stderr.

    Raises:
        ConfigError: If a setting is impossible, or the output exists and is not of this store.
        DataError: If a text cannot be used, or the store holds answers to another question.
        EndpointError: If the endpoint fails for good. What was answered until then is in the store and the output.
    """
    check_output(files.output)
    planner = _planner(config)
    prices = _prices(config)
    refuse_foreign(files.output, files.store_path, force=files.force)
    writers = Writers(planner, lambda told: _endpoint(config, told), prices)
    limits = MirrorConfig(concurrency=config.concurrency, attempts=config.attempts, max_cost=config.max_cost)
    with MirrorStore(files.store_path) as store:
        n_texts = store.want(_texts(files, config))
        _require_same_question(store, planner)
        try:
            told = tell or _to_stderr
            ending = ask(store, writers, limits, n_parents=n_texts, tell=told, is_quiet=files.is_quiet, title="Labels")
        except EndpointError:
            write_output(store, files.output, columns=COLUMNS, row_of=labelled_row)
            raise
        write_output(store, files.output, columns=COLUMNS, row_of=labelled_row)
        labels = Counter(accepted.text for accepted in store.accepted())
        result = LabelResult(files.output, files.store_path, ending, n_texts, labels, planner.version, store.summary())
    write_json(files.summary_path, result.to_dict())
    return result


def estimate_labels(files: LabelFiles, config: LabelConfig) -> LabelEstimate:
    """What `label` would ask, and what that would cost. Nothing is asked and nothing is written.

    Args:
        files: What to read.
        config: Who would label, and how.

    Raises:
        ConfigError: If a setting is impossible.
        DataError: If a text or the store cannot be used.
    """
    planner, prices = _planner(config), _prices(config)
    if not files.store_path.exists():
        return _estimate(files, config, planner, prices, store=None)
    with MirrorStore(files.store_path, is_read_only=True) as store:
        return _estimate(files, config, planner, prices, store=store)


def _estimate(
    files: LabelFiles, config: LabelConfig, planner: LabelPlanner, prices: Prices, *, store: MirrorStore | None
) -> LabelEstimate:
    found = LabelEstimate()
    for text in _texts(files, config):
        found.n_texts += 1
        if store is not None and not store.needs(text.id):
            found.n_finished += 1
            continue
        request = planner.request(text, attempt=0, topic=None)
        found.prompt_tokens += estimate_prompt_tokens(request.prompt)
        found.completion_tokens += config.max_tokens
        found.usd += prices.most_usd(request)
    found.most_usd = config.attempts * found.usd
    return found


def _planner(config: LabelConfig) -> LabelPlanner:
    params = Sampling(config.max_tokens, config.temperature)
    return LabelPlanner(_prompt(config.prompt), config.labels, model=config.model, params=params)


def _prompt(given: str) -> str:
    try:
        path = Path(given)
        text = path.read_text(encoding="utf-8") if path.is_file() else given
    except (OSError, UnicodeDecodeError) as error:  # a long question is no name of a file
        if isinstance(error, UnicodeDecodeError):
            raise ConfigError(f"--prompt {given}: the file is no UTF-8 text ({error}). Save it as UTF-8.") from error
        text = given
    if not text.strip():
        raise ConfigError(f"--prompt {given!r} is empty. Expected a question that names every label.")
    return text.strip()


def _prices(config: LabelConfig) -> Prices:
    prices = parse_prices(config.price_in, config.price_out)
    if config.max_cost is not None and not prices.covers((config.model,)):
        raise ConfigError("--max-cost needs the prices of the model: give --price-in and --price-out.")
    return prices


def _texts(files: LabelFiles, config: LabelConfig) -> Iterator[Example]:
    examples = read_examples(
        files.texts,
        columns=files.columns,
        labels=None,
        on_bad=files.on_bad,
        set_aside=files.set_aside,
        is_quiet=files.is_quiet,
    )
    return shorten(examples, config.max_words)


def _require_same_question(store: MirrorStore, planner: LabelPlanner) -> None:
    # Labels by two questions in one file would be two label sets under one name.
    others = store.templates() - {(TEMPLATE, planner.version)}
    if others:
        raise DataError(
            f"{store.path}: holds answers to another question ({', '.join(sorted(' '.join(each) for each in others))}; "
            f"now {TEMPLATE} {planner.version}). Use the prompt and labels of then, or another --store and --output."
        )


def _endpoint(config: LabelConfig, tell: Callable[[str], None]) -> Generator:
    from tain.mirrors.endpoint import Endpoint, Patience

    return Endpoint(base_url=config.base_url, patience=Patience(timeout_s=config.timeout_s), tell=tell)


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201
