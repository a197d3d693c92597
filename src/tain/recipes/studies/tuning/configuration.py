"""What a study of tuning is made from: tasks, backbones, methods, sizes, seeds and learning rates."""

from __future__ import annotations

from itertools import product
from typing import Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tain.corpora.code_comments import Language
from tain.recipes.studies.tuning.teachers import require_taught, require_teachers
from tain.training.config import TrainingConfig

Metric: TypeAlias = Literal["auto", "accuracy", "matthews", "macro_f1", "detection"]
Setting: TypeAlias = str | int | float | bool


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TaskSplits(_Part):
    """What the parts of a file are called."""

    column: str = Field("split", description="Column that names the part of each row.")
    train: str = Field("train", description="Name of the part to train on.")
    valid: str | None = Field(None, description="Name of the part that chooses; none draws it from the training part.")
    test: str = Field("test", description="Name of the part that is tested; it chooses nothing.")


class TuningTask(_Part):
    """A labelled file: single texts or pairs of them, of two or more classes."""

    name: str = Field(min_length=1, description="For the table.")
    file: str = Field(description="Parquet, JSONL or CSV.")
    text_column: str = Field("text", description="Column of the text.")
    pair_column: str | None = Field(None, description="Column of the second text, where a row is a pair.")
    label_column: str = Field("label", description="Column of the label.")
    group_column: str | None = Field(None, description="Column of what must not part in a split.")
    where: dict[str, tuple[str, ...]] = Field({}, description="Columns and the values of which a row must have one.")
    n_words: int | None = Field(
        None, ge=1, description="Every text is cut to exactly so many words, and shorter ones are left out."
    )
    comments_of: Language | None = Field(None, description="Programming language whose comments are taken out.")
    labels: tuple[str, ...] = Field((), description="Classes in order, other rows left out; none takes all there are.")
    splits: TaskSplits | None = Field(None, description="The parts as the file names them; none draws them by group.")
    valid_share: float = Field(
        0.1, gt=0, lt=0.5, description="Share of groups drawn for validation, where it is drawn."
    )
    test_share: float = Field(0.2, gt=0, lt=0.5, description="Share of groups drawn for the test, where it is drawn.")
    max_valid: int = Field(500, ge=2, description="Most validation texts, drawn with the classes' shares.")
    max_test: int = Field(2000, ge=2, description="Most test texts, drawn with the classes' shares.")
    max_tokens: int = Field(256, ge=4, description="Longer texts are cut; of a pair, the longer one first.")
    normaliser: int | None = Field(None, description="Version of the text normaliser; none leaves texts as they are.")
    metric: Metric = Field(
        "auto",
        description="What chooses the learning rate and stands beside accuracy: matthews (for CoLA), macro_f1, "
        "detection (AUROC, and TPR at 1% FPR) or accuracy; auto takes detection for human and ai, macro_f1 above two "
        "classes, else accuracy.",
    )
    sizes: tuple[int, ...] = Field((), description="Numbers of training texts; none takes the study's.")
    sweep_size: int | None = Field(
        None, description="Number of training texts at which learning rates are chosen; none takes the study's."
    )
    epochs: dict[int, float] = Field({}, description="Passes by number of texts; before n_epochs and the study's.")
    training: dict[str, Any] = Field({}, description="Training settings of this task; before the study's.")


class TuningMethod(_Part):
    """A method, how it is trained, and the learning rates it may choose from."""

    name: str = Field(min_length=1, description="For the table.")
    method: dict[str, Any] = Field(description="Method and its settings, as in a Run.")
    learning_rates: tuple[float, ...] = Field(min_length=1, description="Candidates; every method has as many.")
    training: dict[str, Any] = Field({}, description="Training settings of this method; before the task's.")
    vary: dict[str, tuple[Setting, ...]] = Field(
        {}, description="Settings of the method and their values: each combination is a contestant of its own."
    )
    teacher: str | None = Field(
        None,
        description="Method whose logits on the same training texts this one learns from, by the share "
        "training.distil_weight of the loss; the teacher's cell of the same task, size and seed is trained first.",
    )
    teacher_base: str | None = Field(None, description="Backbone of the teacher; none takes the method's own.")

    @model_validator(mode="after")
    def _is_a_fair_sweep(self) -> Self:
        if len(set(self.learning_rates)) != len(self.learning_rates):
            raise ValueError(f"{self.name}: learning_rates holds a rate twice ({list(self.learning_rates)})")
        if empty := [
            key for key, values in self.vary.items() if len(set(map(repr, values))) != len(values) or not values
        ]:
            raise ValueError(f"{self.name}: vary.{empty[0]} needs values, each once")
        return self

    def variants(self) -> tuple[Variant, ...]:
        """The contestants: one for each combination of varied settings."""
        found = []
        for values in product(*self.vary.values()):
            varied = dict(zip(self.vary, values, strict=True))
            name = " ".join((self.name, *(f"{key}={value}" for key, value in varied.items())))
            found.append(Variant(name=name, of=self, method=self.method | varied, varied=varied))
        return tuple(found)


class Variant(_Part):
    """A method with every setting fixed but the learning rate."""

    name: str
    of: TuningMethod
    method: dict[str, Any]
    varied: dict[str, Setting]


class Tuning(_Part):
    """A study that gives every method the same texts and the same number of learning rates to choose from."""

    study: Literal["tuning"] = Field(description="Kind of study.")
    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1, description="The first sweeps; each draws texts and head.")
    sizes: tuple[int, ...] = Field(
        (500,), min_length=1, description="Numbers of training texts; smaller within larger."
    )
    sweep_size: int | None = Field(
        None, description="Number of training texts at which learning rates are chosen for all sizes; none: at each."
    )
    bases: tuple[str, ...] = Field(("minilm",), min_length=1, description="Backbones.")
    pooling: Literal["native", "mean", "first", "last"] = Field(
        "native", description="From token states to one vector."
    )
    split_seed: int = Field(0, ge=0, description="Draws validation and test texts, the same for all seeds.")
    epochs: dict[int, float] = Field({}, description="Passes over the texts by number of texts; others take n_epochs.")
    training: dict[str, Any] = Field({}, description="Training settings of all; threads is 1 if it is not given.")
    baselines: tuple[str, ...] = Field((), description="Classical models, which learn from the same texts.")
    reference: str | None = Field(None, description="Method that others are tested against; none tests every pair.")
    n_draws: int = Field(1000, ge=100, description="Bootstrap draws of a paired test; 100 for each pair if more.")
    cells: str | None = Field(
        None, description="Folder of the trainings, which several studies may share; none takes OUTPUT/cells."
    )
    keep_models: bool = Field(False, description="Keep the models that were tested.")
    tasks: tuple[TuningTask, ...] = Field(min_length=1, description="What is learnt.")
    methods: tuple[TuningMethod, ...] = Field(min_length=1, description="Who learns.")

    @model_validator(mode="after")
    def _is_fair_and_possible(self) -> Self:
        _once([task.name for task in self.tasks], "tasks have the name")
        _once([*(variant.name for variant in self.variants), *self.baselines], "contestants have the name")
        for values, what in ((self.seeds, "seeds hold"), (self.sizes, "sizes hold"), (self.bases, "bases hold")):
            _once(values, what)
        self._require_equal_budgets()
        for task in self.tasks:
            own = self.sweep_size_of(task)
            if own is not None and own not in self.sizes_of(task):
                sizes = list(self.sizes_of(task))
                raise ValueError(f"sweep_size is {own}; {task.name} has the sizes {sizes}, and not this one")
        names = [method.name for method in self.methods] + [v.name for v in self.variants] + list(self.baselines)
        if self.reference is not None and self.reference not in names:
            raise ValueError(f"reference is {self.reference!r}; expected one of {names}")
        for task, variant in product(self.tasks, self.variants):
            for size, rate in product(self.sizes_of(task), variant.of.learning_rates):
                require_taught(variant, self.training_of(task, variant, size=size, rate=rate))
        require_teachers(self.variants, bases=self.bases)
        return self

    def _require_equal_budgets(self) -> None:
        budgets = {method.name: len(method.learning_rates) for method in self.methods}
        if len(set(budgets.values())) > 1:
            told = ", ".join(f"{name} {n}" for name, n in budgets.items())
            raise ValueError(
                f"methods have unequal numbers of learning_rates ({told}), so the one with more would be favoured; "
                "give every method as many"
            )

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Every contestant that trains a network, in order."""
        return tuple(variant for method in self.methods for variant in method.variants())

    def sizes_of(self, task: TuningTask) -> tuple[int, ...]:
        """The numbers of training texts of a task."""
        return task.sizes or self.sizes

    def sweep_size_of(self, task: TuningTask) -> int | None:
        """At how many training texts of a task rates are chosen for all its sizes; None: at each."""
        return self.sweep_size if task.sweep_size is None else task.sweep_size

    def training_of(self, task: TuningTask, variant: Variant, *, size: int, rate: float) -> TrainingConfig:
        """Settings of one training: the study's, then the task's, then the method's.

        Args:
            task: What is learnt.
            variant: Who learns.
            size: Number of training texts.
            rate: Peak learning rate.

        Raises:
            ValueError: If a setting is unknown or impossible, or sets the learning rate.
        """
        layers = (self.training, task.training, variant.of.training)
        if any("lr" in layer for layer in layers):
            raise ValueError(f"training.lr is what the sweep finds; give {variant.of.name} learning_rates instead")
        # Times and bits are compared from cell to cell, so the threads must not follow the load of the machine.
        values: dict[str, Any] = {"threads": 1}
        for layer, epochs in zip(layers, (self.epochs, task.epochs, {}), strict=True):
            values |= layer | ({"n_epochs": epochs[size]} if size in epochs else {})
        return TrainingConfig(**values, lr=rate)


def _once(names: Any, what: str) -> None:  # noqa: ANN401 (a sequence of names or numbers)
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise ValueError(f"{what} {twice[0]!r} twice; expected each once")
