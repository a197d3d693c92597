"""What a suite is trained and measured with: the frozen network, its places, and tokenised tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import nn

from tain.core.errors import ConfigError
from tain.core.example import LabelSet
from tain.methods.text_to_lora import Place, find_places
from tain.models import Backbone, TokenIds, collate, load_backbone, logits_of
from tain.recipes.mine.embedding import BackboneEmbedder
from tain.recipes.suite.configuration import Suite
from tain.recipes.suite.texts import TaskTexts, Texts, read_texts
from tain.training.hardware import pick_device
from tain.training.text_to_lora import AdaptedNetwork, SupervisedSettings, TaskRows

ANSWERS = LabelSet(("no", "yes"))
HEAD_TEXTS = 256


@dataclass(frozen=True)
class TestRows:
    """Tokenised test texts of a task.

    Attributes:
        rows: Token ids.
        targets: 1 for yes, 0 for no, shape (n_texts,).
    """

    rows: list[list[int]]
    targets: np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True)
class Subject:
    """Everything that does not depend on how the network that writes adapters is trained.

    Attributes:
        suite: The settings.
        backbone: Frozen, with the head that all tasks share.
        places: The layers to adapt.
        train: Training tasks, with the descriptions that may be learnt from.
        held: Held-out tasks; their training texts are for their oracles alone.
        tests: Test texts by name of the task.
        descriptions: All vectors of the descriptions of each task, by its name, shape (n_descriptions, d_task).
    """

    suite: Suite
    backbone: Backbone
    places: tuple[Place, ...]
    train: list[TaskRows]
    held: list[TaskRows]
    tests: dict[str, TestRows]
    descriptions: dict[str, torch.Tensor]

    def network(self, settings: SupervisedSettings) -> AdaptedNetwork:
        """The network that adapters are tried in."""
        scale = self.suite.hypernetwork.scale
        return AdaptedNetwork(self.backbone, self.places, scale=scale, keep_frozen=settings.keep_frozen)


def load_subject(suite: Suite) -> Subject:
    """Read the texts, load the networks and embed the descriptions.

    Raises:
        ConfigError: If a setting does not fit.
        DataError: If texts cannot be read.
        DetectorError: If a network cannot be loaded.
        MethodError: If no layer matches the targets.
    """
    texts = read_texts(suite)
    backbone = load_suite_backbone(suite)
    if suite.texts.max_tokens > backbone.max_tokens:
        raise ConfigError(
            f"texts.max_tokens is {suite.texts.max_tokens}, but {suite.base} reads {backbone.max_tokens} tokens at "
            "once. Ask for no more than that."
        )
    places = find_places(backbone, suite.hypernetwork.targets)
    vectors = _embed_all(suite)
    tasks = [_rows(backbone, suite, each, vectors[each.task.name]) for each in texts]
    train = [task for task, each in zip(tasks, texts, strict=True) if not each.task.held_out]
    held = [task for task, each in zip(tasks, texts, strict=True) if each.task.held_out]
    _scale_head(backbone, list(chain.from_iterable(task.rows for task in train)), seed=suite.seed)
    tests = {each.task.name: _test(backbone, suite, each.test) for each in texts}
    backbone.model.to(pick_device())  # type: ignore[arg-type]
    return Subject(suite, backbone, places, train, held, tests, vectors)


def load_suite_backbone(suite: Suite) -> Backbone:
    """The frozen network with a head drawn from the seed, on the processor."""
    return load_backbone(suite.base, ANSWERS, pooling=suite.pooling, seed=suite.seed)


def embed(encoder: BackboneEmbedder, descriptions: Sequence[str]) -> torch.Tensor:
    """The vectors of descriptions, each of length sqrt(d_task), whatever the encoder; shape (n, d_task).

    Args:
        encoder: What reads them.
        descriptions: At least one.
    """
    vectors = torch.from_numpy(encoder(descriptions)).float()
    return nn.functional.normalize(vectors, dim=-1) * math.sqrt(vectors.shape[1])


def _embed_all(suite: Suite) -> dict[str, torch.Tensor]:
    encoder = BackboneEmbedder(suite.encoder)
    return {task.name: embed(encoder, task.descriptions) for task in suite.tasks}


def _rows(backbone: Backbone, suite: Suite, texts: TaskTexts, vectors: torch.Tensor) -> TaskRows:
    n_held = 0 if texts.task.held_out else suite.n_held_descriptions
    known = vectors[: len(vectors) - n_held]
    targets = np.asarray(texts.train.targets, dtype=np.int64)
    return TaskRows(texts.task.name, _token_ids(backbone, suite, texts.train.texts), targets, known)


def _test(backbone: Backbone, suite: Suite, texts: Texts) -> TestRows:
    return TestRows(_token_ids(backbone, suite, texts.texts), np.asarray(texts.targets, dtype=np.int64))


def _token_ids(backbone: Backbone, suite: Suite, texts: Sequence[str]) -> list[list[int]]:
    ids: list[list[int]] = backbone.tokenizer(
        list(texts), truncation=True, max_length=suite.texts.max_tokens, verbose=False
    )["input_ids"]
    return ids


def _scale_head(backbone: Backbone, rows: Sequence[TokenIds], *, seed: int) -> None:
    """Give the drawn head answers of mean 0 and standard deviation 1 over training texts, whatever the base's scale.

    The head has one meaning for all tasks, yes or no, and is never trained: it would learn tasks that belong into the
    adapters. A head without bias, as decoders have, keeps its mean.
    """
    chosen = np.random.default_rng(seed).permutation(len(rows))[:HEAD_TEXTS]
    with torch.no_grad():
        logits = [
            logits_of(backbone.model, collate([rows[i] for i in chosen[start : start + 32]], pad_id=_pad(backbone)))
            for start in range(0, len(chosen), 32)
        ]
        difference = torch.cat(logits)
        margins = difference[:, 1] - difference[:, 0]
        linear = _last_linear(backbone)
        size = 1 / margins.std(correction=0).clamp_min(1e-6)
        linear.weight.mul_(size)
        if linear.bias is not None:
            linear.bias.mul_(size)
            shift = size * margins.mean() / 2
            linear.bias.add_(torch.tensor([1.0, -1.0]) * shift)


def _last_linear(backbone: Backbone) -> nn.Linear:
    head = getattr(backbone.model, backbone.head_name)
    return [module for module in head.modules() if isinstance(module, nn.Linear)][-1]


def _pad(backbone: Backbone) -> int:
    return int(backbone.tokenizer.pad_token_id)


def head_tensors(backbone: Backbone) -> dict[str, torch.Tensor]:
    """The weights of the head by name within it, on the processor."""
    head: nn.Module = getattr(backbone.model, backbone.head_name)
    return {name: value.detach().cpu().contiguous() for name, value in head.state_dict().items()}
