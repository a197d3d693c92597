"""What a decoder answers and writes: chosen, graded or run, and kept to be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tain.analysis.generations.choices import choices_of
from tain.analysis.generations.diversity import distinct_n, n_distinct, self_bleu
from tain.analysis.generations.final_answer import is_exact_match
from tain.analysis.generations.pass_at_k import pass_at_k
from tain.analysis.generations.running import run_program
from tain.recipes.studies.forgetting.retention import Floats
from tain.recipes.studies.forgetting.texts import RetainedTexts

if TYPE_CHECKING:
    from tain.models.causal import CausalModel

WRITTEN = pl.Schema({"id": pl.String, "text": pl.String, "is_right": pl.Boolean})


@dataclass(frozen=True)
class Answered:
    """What a decoder did with a task.

    Attributes:
        said: Of each row, as `Retention.said`, shape (n,).
        written: Every text that it wrote, with the id of its row and whether it was right; null where nothing can be.
    """

    said: Floats
    written: pl.DataFrame


def answer(model: CausalModel, task: RetainedTexts) -> Answered:
    """Ask every question of a task.

    Args:
        model: In eval mode.
        task: Of a kind of decoders.
    """
    ask = {"choice": _choose, "exact_match": _match}.get(task.task.kind, _write)
    return ask(model, task)


def about_written(task: RetainedTexts, written: pl.DataFrame) -> dict[str, float]:
    """pass@k where texts were run, and how alike those on one prompt are, the mean over prompts.

    Args:
        task: What was asked.
        written: As `Answered.written`.
    """
    groups = [own for _, own in written.group_by("id", maintain_order=True)]
    found: dict[str, float] = {}
    if task.task.kind == "code":
        for k in task.task.ks:
            found[f"pass@{k}"] = float(np.mean([pass_at_k(len(own), int(own["is_right"].sum()), k) for own in groups]))
    if task.task.kind in ("code", "diversity"):
        texts = [own["text"].to_list() for own in groups]
        measures: dict[str, Any] = {
            "distinct texts": lambda own: n_distinct(own) / len(own),
            "distinct-1": lambda own: distinct_n(own, 1),
            "distinct-2": lambda own: distinct_n(own, 2),
            "self-BLEU": self_bleu,
        }
        for name, measure in measures.items():
            values = [value for own in texts if (value := measure(own)) is not None]
            found |= {name: float(np.mean(values))} if values else {}
    return found


def _choose(model: CausalModel, task: RetainedTexts) -> Answered:
    from tain.models.answers import choice_log_likelihoods

    said = []
    for question in task.tested:
        likelihoods = choice_log_likelihoods(model, question + task.task.prefix, choices_of(question))
        said.append(float(np.argmax(likelihoods)))
    return Answered(np.array(said), pl.DataFrame(schema=WRITTEN))


def _match(model: CausalModel, task: RetainedTexts) -> Answered:
    from tain.models.answers import generate

    rows = []
    for name, question, right in zip(task.ids, task.tested, task.beside, strict=True):
        [text] = generate(model, question, max_new_tokens=task.task.max_new_tokens)
        rows.append((name, text, is_exact_match(text, right)))
    return Answered(np.array([float(is_right) for *_, is_right in rows]), _frame(rows))


def _write(model: CausalModel, task: RetainedTexts) -> Answered:
    """Draw texts; code is run behind its prompt and before its test."""
    from tain.models.answers import generate

    own = task.task
    rows: list[tuple[str, str, bool | None]] = []
    said = []
    for place, (name, prompt, test) in enumerate(zip(task.ids, task.tested, task.beside, strict=True)):
        texts = generate(
            model, prompt, n_samples=own.n_samples, max_new_tokens=own.max_new_tokens, temperature=own.temperature,
            top_p=own.top_p, seed=place,
        )  # fmt: skip
        rights: list[bool | None] = [None] * len(texts)
        if own.kind == "code":
            rights = [_passes(f"{prompt}{text}\n{test}", is_allowed=own.allow_code) for text in texts]
        rows += zip([name] * len(texts), texts, rights, strict=True)
        is_graded = own.kind == "code"
        said.append(sum(map(bool, rights)) / len(texts) if is_graded else n_distinct(texts) / len(texts))
    return Answered(np.array(said), _frame(rows))


def _passes(program: str, *, is_allowed: bool) -> bool:
    return run_program(program, is_allowed=is_allowed).outcome == "passed"


def _frame(rows: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=WRITTEN, orient="row")
